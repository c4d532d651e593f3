import { cleanup, fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Create } from "./create";
import { membership, person, refused, serve, show } from "./testing";

beforeEach(() => {
  location.hash = "#/organizations";
});
afterEach(cleanup);

async function create(answer: { status?: number; body: unknown }): Promise<unknown[]> {
  const sent: unknown[] = [];
  serve((request, body) => {
    switch (request) {
      case "GET /api/users/generateOrgID":
        return { body: { id: "quiet-river-42" } };
      case "POST /api/users/orgs":
        sent.push(body);
        return answer;
      default:
        return { body: person(membership("quiet-river-42")) };
    }
  });
  show(<Create />, person());
  await screen.findByDisplayValue("quiet-river-42");
  fireEvent.change(screen.getByLabelText("Name"), { target: { value: " Acme " } });
  fireEvent.click(screen.getByRole("button", { name: "Create the organization" }));
  return sent;
}

test("an organization is made under the offered id, and its first probe is next", async () => {
  const sent = await create({ body: { organization: { id: "quiet-river-42", name: "Acme" } } });
  await waitFor(() => expect(location.hash).toBe("#/quiet-river-42/probes/add"));
  expect(sent).toEqual([{ id: "quiet-river-42", name: "Acme" }]);
});

test("an id that is taken is said beside it", async () => {
  await create(refused(409, "ALREADY_EXISTS", "the id 'acme' is taken; an id is never used twice"));
  expect(await screen.findByText(/is taken; an id is never used twice/)).toBeDefined();
  expect(screen.getByLabelText("Id").getAttribute("aria-invalid")).toBe("true");
  expect(screen.queryByRole("alert")).toBeNull();
});

test("one organization too many is said in the service's words", async () => {
  await create(refused(429, "LIMIT_EXCEEDED", "you administer 10 organizations already; delete one that is not used"));
  expect((await screen.findByRole("alert")).textContent).toContain("delete one that is not used");
});
