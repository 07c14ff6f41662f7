// JSON with the digits of its numbers. JSON.parse rounds what a double cannot hold: 3544790567247868102 becomes
// 3544790567247868000, and would be sent back so.

/** A number that a double cannot hold, with the digits that it was written with. */
export class Digits {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }

  toString() {
    return this.text;
  }

  /** For JSON.stringify, which is for people's eyes here; `write` keeps the digits in every browser. */
  toJSON() {
    const { rawJSON } = /** @type {any} */ (JSON);
    return rawJSON ? rawJSON.call(JSON, this.text) : Number(this.text);
  }
}

const grammar = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** What a number must have to be more than a double holds: many digits, or a large exponent. */
const suspicious = /\d[\d.]{15}|\d[eE][+-]?\d{3}/;

/** The digits of a number without leading and trailing zeros, and the power of ten of the last. @param {string} text */
function canonical(text) {
  const [, whole, fraction = "", exponent = "0"] = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  if (whole === undefined) return text;
  const digits = (whole + fraction).replace(/^0+/, "");
  const short = digits.replace(/0+$/, "");
  return short && `${short}e${BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - short.length)}`;
}

/** Whether a double has another value. @param {string} text in JSON's grammar */
const isLossy = (text) => suspicious.test(text) && canonical(text) !== canonical(String(Number(text)));

/** The value of JSON's text for a number; null for any other text. @param {string} text @returns {number | Digits | null} */
export function number(text) {
  if (!grammar.test(text)) return null;
  return isLossy(text) ? new Digits(text) : Number(text);
}

/** As JSON.parse, with `Digits` for the numbers that a double cannot hold. @param {string} text @returns {any} */
export function parse(text) {
  if (!suspicious.test(text)) return JSON.parse(text);
  const mark = newMark();
  const marked = withMarks(text, mark);
  if (marked === text) return JSON.parse(text);
  try {
    return JSON.parse(marked, (_, value) =>
      typeof value === "string" && value.startsWith(mark) ? new Digits(value.slice(mark.length)) : value);
  } catch {
    return JSON.parse(text); // for a message about what was written
  }
}

/** The text with a marked string in place of each number that a double cannot hold. @param {string} text @param {string} mark */
function withMarks(text, mark) {
  const parts = [];
  let end = 0;
  while (end < text.length) {
    const quote = text.indexOf('"', end);
    const start = quote < 0 ? text.length : quote;
    parts.push(text.slice(end, start).replace(/-?\d[\d.eE+-]*/g, (token) =>
      grammar.test(token) && isLossy(token) ? `"${mark}${token}"` : token));
    end = start;
    if (quote < 0) break;
    do end = text.indexOf('"', end + 1); while (end >= 0 && isEscaped(text, end));
    end = end < 0 ? text.length : end + 1;
    parts.push(text.slice(start, end));
  }
  return parts.join("");
}

/** Whether an odd number of backslashes is before a place in a text. @param {string} text @param {number} place */
function isEscaped(text, place) {
  let first = place;
  while (text[first - 1] === "\\") first -= 1;
  return (place - first) % 2 === 1;
}

/** As JSON.stringify, with the digits of `Digits`. @param {any} value @param {number} [indent] */
export function write(value, indent) {
  const mark = newMark();
  let isMarked = false;
  const text = JSON.stringify(value, function (key, plain) {
    const own = this[key];
    if (!(own instanceof Digits)) return plain;
    isMarked = true;
    return mark + own.text;
  }, indent);
  return isMarked ? text.replaceAll(new RegExp(`"${mark}([^"]*)"`, "g"), "$1") : text;
}

/** A copy that shares nothing with the value. @param {any} value @returns {any} */
export function copy(value) {
  if (Array.isArray(value)) return value.map(copy);
  if (!value || typeof value !== "object" || value instanceof Digits) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, copy(member)]));
}

/** Letters that no text begins with by chance. */
const newMark = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-") + "#";
