// Small helpers over the DOM. Text is always inserted as text: nothing that a model writes is parsed as HTML.

/**
 * Makes an element. `on…` functions become listeners, `true` an empty attribute; null, undefined and false are left out.
 * @param {string} name
 * @param {Record<string, any>} [attributes]
 * @param {...(Node | string | number | null | undefined | false)} children
 * @returns {any}
 */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(key.replace(/^on/, ""), value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  fill(element, ...children);
  return element;
}

/**
 * Replaces an element's children; null, undefined and false are left out.
 * @param {Element} element
 * @param {...(Node | string | number | null | undefined | false)} children
 */
export function fill(element, ...children) {
  const kept = [];
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    kept.push(child instanceof Node ? child : String(child));
  }
  element.replaceChildren(...kept);
}

/**
 * Sets the text only where it differs, so that a selection in it survives.
 * @param {Element} element
 * @param {string | number | null | undefined} text
 */
export function say(element, text) {
  const wanted = text === null || text === undefined ? "" : String(text);
  if (element.textContent !== wanted) element.textContent = wanted;
}

/**
 * Keeps one child per item, in the items' order, and moves only what is out of place.
 * @template T
 * @param {Element} container
 * @param {T[]} items
 * @param {(item: T) => string} keyOf
 * @param {(item: T) => Element} create
 * @param {(element: any, item: T) => void} [update]
 */
export function keyed(container, items, keyOf, create, update) {
  const known = new Map();
  for (const child of container.children) known.set(/** @type {HTMLElement} */ (child).dataset.key, child);
  let place = container.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let element = known.get(key);
    known.delete(key);
    if (!element) {
      element = create(item);
      element.dataset.key = key;
    }
    if (place && element === place) place = place.nextElementSibling;
    else container.insertBefore(element, place);
    update?.(element, item);
  }
  for (const left of known.values()) left.remove();
}
