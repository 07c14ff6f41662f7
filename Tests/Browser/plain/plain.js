// Follows the streams that the address names (`#name=path&name=path`) with a bare EventSource each, and keeps every
// event. What was kept survives a reload, unless it is large, and each stream then goes on behind it.

const types = [
  "task_updated", "phase_changed", "queue_built", "step_updated", "output_updated", "output_version_added",
  "evaluation_updated", "finalists_selected", "ranking_updated", "log_appended", "attempt_recorded", "call_recorded", "custom", "custom.tick", "custom.last",
  "state", "reset", "end", "overloaded",
];

/** @param {string} name */
function keptOf(name) {
  const kept = [];
  for (;;) {
    const text = sessionStorage.getItem(`${name} ${kept.length}`);
    if (text === null) return kept;
    kept.push(JSON.parse(text));
  }
}

/** @param {string} name @param {string} path */
function follow(name, path) {
  const kept = keptOf(name);
  const url = new URL(path, location.href);
  if (kept.length > 0) url.searchParams.set("cursor", kept.at(-1).id);
  const source = new EventSource(url);
  const stream = { kept, source, opened: 0 };
  source.onopen = () => { stream.opened += 1; };
  for (const type of types) {
    source.addEventListener(type, (message) => {
      const event = { type, id: message.lastEventId, data: JSON.parse(message.data) };
      if (message.data.length < 10_000) sessionStorage.setItem(`${name} ${kept.length}`, JSON.stringify(event));
      kept.push(event);
    });
  }
  return stream;
}

window.streams = Object.fromEntries(
  [...new URLSearchParams(location.hash.slice(1))].map(([name, path]) => [name, follow(name, path)]));
