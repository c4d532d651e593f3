import { act, cleanup, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { Table } from "./table";

const columns = [{ title: "Actions", actions: true, cell: (row: string) => <button type="button">{row}</button> }];

afterEach(cleanup);

function page(rows: string[]) {
  return (
    <main id="main" tabIndex={-1}>
      {rows.length > 0 ? <Table label="Rows" rows={rows} rowKey={(row) => row} columns={columns} /> : <p>None.</p>}
    </main>
  );
}

test.each([[["other"]], [[]]])("where a row leaves with the focus and %j stay, the page has it", async (stay) => {
  const { rerender } = render(page(["gone", ...stay]));
  act(() => screen.getByRole("button", { name: "gone" }).focus());
  rerender(page(stay));
  await waitFor(() => expect(document.activeElement).toBe(screen.getByRole("main")));
});

test("who is elsewhere stays there when rows leave", () => {
  const { rerender } = render(page(["gone", "here"]));
  act(() => screen.getByRole("button", { name: "here" }).focus());
  rerender(page(["here"]));
  expect(document.activeElement).toBe(screen.getByRole("button", { name: "here" }));
});
