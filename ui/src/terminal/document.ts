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
  const element = Document.prototype.createElement.call(document, name, options);
  return name === "style" ? asSheet(element) : withStyle(element);
}

/** Has the text of a style element be a sheet of the page for as long as the element is there. */
function asSheet(element: HTMLElement): HTMLElement {
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  Object.defineProperty(element, "textContent", { set: (css: string) => sheet.replaceSync(css) });
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
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
