import { QueryErrorResetBoundary } from "@tanstack/react-query";
import { Component, type ComponentType, lazy, type ReactNode, Suspense, useEffect } from "react";
import { temporary } from "./api/polling";
import { personOf, useMe } from "./api/session";
import { Announcements } from "./parts/announce";
import { Loading, Problem } from "./parts/notice";
import { Page } from "./parts/page";
import { Reload } from "./reload";
import type { Route } from "./routes";
import { Shell } from "./shell";
import { Terminals } from "./terminal/terminals";
import { useRoute } from "./use-route";
import { FilesError, files } from "./version";

const Front = page(() => import("./front/front"));
const Login = page(() => import("./front/login"));
const Waiting = page(() => import("./front/waiting"));
const Dashboard = page(() => import("./dashboard/dashboard"));
const AddProbe = page(() => import("./dashboard/add-probe"));
const MapPage = page(() => import("./map/map-page"));
const TerminalPage = page(() => import("./terminal/terminal-page"));
const Settings = page(() => import("./settings/settings"));
const Account = page(() => import("./settings/account"));
const Administration = page(() => import("./admin/administration"));
const Unknown = page(() => import("./front/unknown"));

/** A page whose files are loaded when it is shown. */
function page<Props>(load: () => Promise<{ default: ComponentType<Props> }>) {
  return lazy(() => files(load));
}

/** The pages: who is not signed in gets the front page whatever they ask for, and goes on from there. */
export function App() {
  return (
    <QueryErrorResetBoundary>
      {({ reset }) => (
        <Boundary onRetry={reset}>
          <Suspense fallback={<Loading />}>
            <Current />
          </Suspense>
          <Announcements />
        </Boundary>
      )}
    </QueryErrorResetBoundary>
  );
}

function Current() {
  const route = useRoute();
  const me = useMe();
  if (route.page === "login") {
    return <Login token={route.token} />;
  }
  if (me === null) {
    return route.page === "waiting" ? <Waiting /> : <Front />;
  }
  return (
    <Shell key={personOf(me)} me={me} route={route}>
      <Suspense fallback={<Loading />}>{pageOf(route)}</Suspense>
      <Terminals person={personOf(me)} route={route} />
    </Shell>
  );
}

function pageOf(route: Route): ReactNode {
  switch (route.page) {
    case "front":
    case "waiting":
    case "dashboard":
      return <Dashboard home={route.page !== "dashboard"} />;
    case "account":
      return <Account />;
    case "add-probe":
      return <AddProbe key={route.org} org={route.org} />;
    case "map":
      return <MapPage key={route.org} route={route} />;
    case "terminal":
      return <TerminalPage key={route.pipe} org={route.org} pipe={route.pipe} />;
    case "settings":
      return <Settings key={route.org} org={route.org} section={route.section} />;
    case "admin":
      return <Administration section={route.section} />;
    default:
      return <Unknown />;
  }
}

/** Shows what a page could not do instead of nothing at all. */
class Boundary extends Component<{ children: ReactNode; onRetry: () => void }, { error: unknown }> {
  override state = { error: undefined as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  /** Shows the pages again. */
  again = (): void => {
    if (this.state.error !== undefined) {
      this.props.onRetry();
      this.setState({ error: undefined });
    }
  };

  // Another page may do what this one could not.
  override componentDidMount() {
    addEventListener("hashchange", this.again);
  }

  override componentWillUnmount() {
    removeEventListener("hashchange", this.again);
  }

  override render() {
    const { error } = this.state;
    if (error === undefined) {
      return this.props.children;
    }
    return (
      <Page name="problem" title="A problem">
        {error instanceof FilesError ? <Reload /> : <Failed error={error} onAgain={this.again} />}
      </Page>
    );
  }
}

/** How long until a page that failed is tried again while somebody looks at it, in milliseconds. */
const AGAIN = 10_000;

function Failed({ error, onAgain }: { error: unknown; onAgain: () => void }) {
  useEffect(() => {
    if (temporary(error)) {
      const timer = setInterval(
        () => document.visibilityState === "visible" && onAgain(),
        Math.max(AGAIN, error.after),
      );
      return () => clearInterval(timer);
    }
    return;
  }, [error, onAgain]);
  return <Problem error={error} onRetry={onAgain} />;
}
