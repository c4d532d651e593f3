import { useState } from "react";
import { useAction } from "../api/action";
import { may, useMembership } from "../api/session";
import type { Invoked, NodeControl, NodeDetails } from "../api/types";
import { Button } from "../parts/button";
import { openTerminal, type Session } from "../terminal/sessions";
import { Ask } from "./ask";
import styles from "./controls.module.css";
import { Icon } from "./icon";
import { doable, invoke } from "./invoke";
import { Outcome } from "./outcome";

interface Props {
  org: string;
  node: Pick<NodeDetails, "label" | "controls">;
  /** One of them removed the node. */
  onRemoved: () => void;
}

type Told = Readonly<Record<string, string>>;

/** What can be done to a node, as far as one may. */
export function Controls({ org, node, onRemoved }: Props) {
  const membership = useMembership(org);
  const offered = node.controls.filter(({ permission }) => may(membership, permission));
  return (
    offered.length > 0 && (
      // biome-ignore lint/a11y/useSemanticElements: they are no form
      <div role="group" aria-label="Controls" className={styles.controls}>
        {offered.map((control) => (
          <Control
            key={[control.probeId, control.nodeId, control.id].join("\n")}
            org={org}
            node={node.label}
            control={control}
            onRemoved={onRemoved}
          />
        ))}
      </div>
    )
  );
}

interface ControlProps {
  org: string;
  node: string;
  control: NodeControl;
  onRemoved: () => void;
}

function Control({ org, node, control, onRemoved }: ControlProps) {
  const [asking, setAsking] = useState(false);
  const [answer, setAnswer] = useState<Invoked | null>(null);
  const name = control.human || control.id;
  const action = useAction((told: Told) => invoke(doable(org, control), told), {
    said: (came) => `${name}: ${came.value || (came.removedNode ? "removed" : "done")}`,
    done: (came, told) => {
      setAsking(false);
      if (came.pipe) {
        openTerminal(sessionOf({ org, node, control, name }, told, came));
      } else {
        setAnswer(came);
      }
      if (came.removedNode) {
        onRemoved();
      }
    },
  });
  const forget = () => {
    setAnswer(null);
    action.reset();
  };
  const run = (told: Told) => {
    setAnswer(null);
    action.run(told);
  };
  const press = () => (control.confirmation || control.arguments.length > 0 ? setAsking(true) : run({}));
  return (
    <>
      <Button busy={action.busy} onClick={press}>
        <Icon name={control.icon} />
        {name}
      </Button>
      {asking ? (
        <Ask
          control={control}
          name={name}
          node={node}
          action={action}
          onConfirm={run}
          onClose={() => setAsking(false)}
        />
      ) : (
        <Outcome name={name} busy={action.busy} problem={action.problem} answer={answer} onForget={forget} />
      )}
    </>
  );
}

/** The terminal that shows the pipe which a control opened. */
function sessionOf(
  { org, node, control, name }: Omit<ControlProps, "onRemoved"> & { name: string },
  told: Told,
  came: Invoked,
): Session {
  return {
    ...doable(org, control),
    pipe: came.pipe,
    arguments: told,
    node,
    label: name,
    rawTty: came.raw_tty,
    readOnly: came.readOnly,
    received: 0,
    screen: "",
  };
}
