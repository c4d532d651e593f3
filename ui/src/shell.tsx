import type { ReactNode } from "react";
import { Acting } from "./admin/acting";
import { may } from "./api/session";
import type { Me, Membership } from "./api/types";
import { Choices, Looks } from "./looks";
import { useNarrow } from "./parts/narrow";
import { Popover } from "./parts/popover";
import { href, mapOf, type Route } from "./routes";
import styles from "./shell.module.css";

interface Props {
  me: Me;
  route: Route;
  children: ReactNode;
}

/** What is around every page of who is signed in: where one is, and the ways to everywhere else. */
export function Shell({ me, route, children }: Props) {
  const org = "org" in route ? route.org : "";
  const membership = me.organizations.find((one) => one.id === org);
  return (
    <>
      <button type="button" className={styles.skip} onClick={() => document.getElementById("main")?.focus()}>
        To the page
      </button>
      {me.impersonator && <Acting me={me} />}
      <header className={styles.header}>
        <a className={styles.brand} href={href({ page: "dashboard" })}>
          Scope
        </a>
        {org && <Organizations me={me} route={route} name={membership?.name || org} />}
        <Ways me={me} route={route} membership={membership} />
      </header>
      {children}
    </>
  );
}

/** Which organization is looked at, and the way to the others. */
function Organizations({ me, route, name }: { me: Me; route: Route; name: string }) {
  return (
    <Popover look="plain" className={styles.organization} label={<span>{name}</span>} title="Other organizations">
      <nav aria-label="Organizations" className={styles.list}>
        {me.organizations.map((one) => (
          <a key={one.id} href={href(sameOf(route, one.id))} aria-current={"org" in route && one.id === route.org}>
            {one.name || one.id}
          </a>
        ))}
        <a href={href({ page: "dashboard" })}>All organizations</a>
      </nav>
    </Popover>
  );
}

/** The same page of another organization; what was open in a map is of this one only. */
function sameOf(route: Route, org: string): Route {
  return route.page === "settings" || route.page === "add-probe" ? { ...route, org } : mapOf(org);
}

/** The ways to the pages; in a narrow window behind one button. */
function Ways({ me, route, membership }: { me: Me; route: Route; membership: Membership | undefined }) {
  const narrow = useNarrow();
  const ways = (
    <>
      {membership && <OfOrganization membership={membership} route={route} />}
      <Account me={me} route={route}>
        {narrow ? <Choices /> : <Looks />}
      </Account>
    </>
  );
  return narrow ? (
    <Popover look="plain" className={styles.menu} label="Menu">
      <div className={styles.sheet}>{ways}</div>
    </Popover>
  ) : (
    ways
  );
}

/** The pages of an organization. */
function OfOrganization({ membership, route }: { membership: Membership; route: Route }) {
  const org = membership.id;
  return (
    <nav aria-label="Organization" className={styles.pages}>
      {may(membership, "report.view") && (
        <PageLink to={mapOf(org)} route={route}>
          Map
        </PageLink>
      )}
      {may(membership, "token.manage") && (
        <PageLink to={{ page: "add-probe", org }} route={route}>
          Add a probe
        </PageLink>
      )}
      <PageLink to={{ page: "settings", org, section: "general" }} route={route}>
        Settings
      </PageLink>
    </nav>
  );
}

/** What is everybody's own: the account, how the pages look; and administration, of those who may. */
function Account({ me, route, children }: Props) {
  return (
    <nav aria-label="Account" className={`${styles.pages} ${styles.account}`}>
      {me.admin && (
        <PageLink to={{ page: "admin", section: "people" }} route={route}>
          Administration
        </PageLink>
      )}
      <PageLink to={{ page: "account" }} route={route}>
        {me.email}
      </PageLink>
      {children}
    </nav>
  );
}

function PageLink({ to, route, children }: { to: Route; route: Route; children: ReactNode }) {
  return (
    <a href={href(to)} aria-current={to.page === route.page ? "page" : undefined}>
      {children}
    </a>
  );
}
