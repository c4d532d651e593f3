/** Where what had the focus is gone, reading goes on at the page. */
export function keepFocus(): void {
  if (document.activeElement === document.body) {
    document.getElementById("main")?.focus({ preventScroll: true });
  }
}
