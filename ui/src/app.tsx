import { QueryErrorResetBoundary } from "@tanstack/react-query";
import { Component, lazy, type ReactNode, Suspense } from "react";
import { personOf, useMe } from "./api/session";
import { Announcements } from "./parts/announce";
import { Loading, Problem } from "./parts/notice";
import { Page } from "./parts/page";
import type { Route } from "./routes";
import { Shell } from "./shell";
import { useRoute } from "./use-route";

const Front = lazy(() => import("./front/front"));
const Login = lazy(() => import("./front/login"));
const Waiting = lazy(() => import("./front/waiting"));
const Dashboard = lazy(() => import("./dashboard/dashboard"));
const AddProbe = lazy(() => import("./dashboard/add-probe"));
const MapPage = lazy(() => import("./map/map-page"));
const Settings = lazy(() => import("./settings/settings"));
const Account = lazy(() => import("./settings/account"));
const Administration = lazy(() => import("./admin/administration"));
const Unknown = lazy(() => import("./front/unknown"));

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
        <Problem error={error} onRetry={this.again} />
      </Page>
    );
  }
}
