import { useEffect, useState } from "react";
import { useMe } from "../api/session";
import type { Me, Membership } from "../api/types";
import { Button } from "../parts/button";
import { Dialog } from "../parts/dialog";
import { Field } from "../parts/field";
import { Loading } from "../parts/notice";
import { Page } from "../parts/page";
import { mapOf } from "../routes";
import { go } from "../use-route";
import { Card } from "./card";
import { Create } from "./create";
import styles from "./dashboard.module.css";
import { Invitations } from "./invitations";
import { useProbes } from "./probes";

/** From so many organizations on they can be searched. */
const MANY = 12;

/** The organizations of who is signed in. From `home`, somebody's only organization shows its map at once. */
export default function Dashboard({ home }: { home: boolean }) {
  const me = useMe();
  const [stays, setStays] = useState(!home);
  const [only, ...others] = me?.organizations ?? [];
  if (!me) {
    return null;
  }
  if (!stays && only && others.length === 0) {
    return <Home membership={only} onStay={() => setStays(true)} />;
  }
  return (
    <Page name="dashboard" title="Organizations">
      {me.organizations.length === 0 ? <Nowhere me={me} /> : <Organizations me={me} />}
    </Page>
  );
}

/** Goes to the map if there is something on it. */
function Home({ membership, onStay }: { membership: Membership; onStay: () => void }) {
  const { data, isError } = useProbes(membership.id, { interval: 10_000 });
  useEffect(() => {
    if (data?.probes.length) {
      go(mapOf(membership.id), { replace: true });
    } else if (data || isError) {
      onStay();
    }
  }, [data, isError, membership.id, onStay]);
  return <Loading />;
}

/** What only a person's own session may do is not offered to who acts as somebody. */
function isOwn(me: Me): boolean {
  return me.impersonator === "";
}

function Nowhere({ me }: { me: Me }) {
  return (
    <>
      <h1>You belong to no organization yet</h1>
      {isOwn(me) && <Invitations />}
      <p>
        An organization is who sees what its machines report. If yours is here already, ask one of its administrators to
        invite {me.email}: the invitation shows up on this page.
      </p>
      {isOwn(me) && (
        <section className={styles.first}>
          <h2>Create an organization</h2>
          <Create />
        </section>
      )}
    </>
  );
}

function Organizations({ me }: { me: Me }) {
  const [creating, setCreating] = useState(false);
  const [search, setSearch] = useState("");
  const found = me.organizations.filter(({ id, name }) => `${name} ${id}`.toLowerCase().includes(search.toLowerCase()));
  return (
    <>
      <header className={styles.header}>
        <h1>Organizations</h1>
        {isOwn(me) && <Button onClick={() => setCreating(true)}>Create an organization</Button>}
      </header>
      {isOwn(me) && <Invitations />}
      {me.organizations.length > MANY && (
        <Field label="Search" hint={`${found.length} of ${me.organizations.length}`}>
          {(field) => (
            <input {...field} type="search" value={search} onChange={(event) => setSearch(event.target.value)} />
          )}
        </Field>
      )}
      <div className={styles.cards}>
        {found.map((one) => (
          <Card key={one.id} membership={one} only={me.organizations.length === 1} />
        ))}
      </div>
      {creating && (
        <Dialog title="Create an organization" onClose={() => setCreating(false)}>
          <Create />
        </Dialog>
      )}
    </>
  );
}
