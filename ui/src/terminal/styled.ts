// The pages' policy lets no style stand in the page, neither as an element nor as an attribute, and xterm writes both: its
// sheets when it is opened, and the attribute of spans in a colour that no sheet has. What it means by them is said here in
// the ways that the policy leaves to scripts.

/** Opens a terminal: style elements that are made meanwhile are none. */
export function styled(open: () => void): void {
  HTMLSpanElement.prototype.setAttribute = setAttribute;
  Object.defineProperty(document, "createElement", { value: createElement, configurable: true });
  try {
    open();
  } finally {
    Reflect.deleteProperty(document, "createElement");
  }
}

function setAttribute(this: HTMLSpanElement, name: string, value: string): void {
  if (name === "style") {
    this.style.cssText = value;
  } else {
    Element.prototype.setAttribute.call(this, name, value);
  }
}

function createElement(name: string, options?: ElementCreationOptions): HTMLElement {
  return name === "style" ? sheet() : Document.prototype.createElement.call(document, name, options);
}

/** In place of a style element, of which even an empty one is against the policy: its text is a sheet of the page's. */
function sheet(): HTMLElement {
  const element = Document.prototype.createElement.call(document, "template");
  const made = new CSSStyleSheet();
  document.adoptedStyleSheets.push(made);
  Object.defineProperty(element, "textContent", { set: (css: string) => made.replaceSync(css) });
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== made);
    Element.prototype.remove.call(element);
  };
  return element;
}
