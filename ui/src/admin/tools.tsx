import { useQuery } from "@tanstack/react-query";
import { call } from "../api/call";
import { Loaded } from "../parts/loaded";
import { Section } from "../parts/sections";
import { keys } from "./reads";

/** Where the page is that links the tools too and shows the routes, for whoever has no scripts. */
const PAGE = "/admin";

/** What whoever runs the deployment looks at. */
export function Tools() {
  const tools = useQuery({
    queryKey: keys.tools,
    queryFn: ({ signal }) => call("GET /api/users/admin/tools", { signal }),
  });
  return (
    <Section title="Tools" about="What whoever runs this deployment looks at.">
      <p>
        <a href={PAGE}>Which replica holds which probe and terminal</a>
      </p>
      <Loaded read={tools}>
        {(answer) => (
          <ul>
            {answer.tools.map(({ name, url }) => (
              <li key={`${name} ${url}`}>
                <a href={url}>{name}</a>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Section>
  );
}
