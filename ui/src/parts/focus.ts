/** Where what had the focus is gone, reading goes on in the dialog that is open, else at the page. */
export function keepFocus(): void {
  if (document.activeElement === document.body) {
    const dialog = document.querySelector("dialog[open]");
    const goal = dialog
      ? dialog.querySelector<HTMLElement>(":scope > :not(header) :is(input, select, textarea, button)")
      : document.getElementById("main");
    goal?.focus({ preventScroll: true });
  }
}
