// What xterm makes its elements by. The pages' policy lets no style stand in the page, neither as an element nor as an
// attribute, and xterm writes both. What it means by them is said here in the ways that the policy leaves to scripts.

/** What xterm takes for the document (its option `documentOverride`), where what it makes is as the policy has it. */
export const styledDocument: Document = new Proxy(document, {
  get(target, name) {
    const value: unknown = name === "createElement" ? make : Reflect.get(target, name);
    return typeof value === "function" ? value.bind(target) : value;
  },
});

/** Does something while which elements of the document itself are made so too: xterm does not always ask the other one. */
export function styled(work: () => void): void {
  Object.defineProperty(document, "createElement", { value: make, configurable: true });
  try {
    work();
  } finally {
    Reflect.deleteProperty(document, "createElement");
  }
}

function make(name: string, options?: ElementCreationOptions): HTMLElement {
  return name === "style" ? sheet() : withStyle(Document.prototype.createElement.call(document, name, options));
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

/** Has an element's attribute `style` be what it looks like. */
function withStyle(element: HTMLElement): HTMLElement {
  element.setAttribute = (name, value) => {
    if (name === "style") {
      element.style.cssText = value;
    } else {
      Element.prototype.setAttribute.call(element, name, value);
    }
  };
  return element;
}
