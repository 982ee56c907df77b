const { documents, flags, origins, models, rows } = JSON.parse(document.getElementById("data").textContent);
const total = rows.zh ? rows.zh.length : 0;
const value = (column, row, missing = null) => (rows[column] ? rows[column][row] : missing);
const byId = (id) => document.getElementById(id);
const control = {
  text: byId("text"), document: byId("document"), origin: byId("origin"), flag: byId("flag"), kind: byId("kind"), quality: byId("quality"),
};
const table = byId("pairs");
const number = (count) => count.toLocaleString("en");

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, content] of Object.entries(attributes)) {
    if (content !== null && content !== undefined) made.setAttribute(key, content);
  }
  made.append(...children);
  return made;
}

// ---- Filtering ----------------------------------------------------------------------------------------------------

let haystacks = null;
let matches = [];
let query = "";

function prepare() {
  haystacks = new Array(total);
  for (let row = 0; row < total; row++) haystacks[row] = `${rows.zh[row]}\n${value("en", row) ?? ""}`.toLowerCase();
}

function filter() {
  if (haystacks === null) prepare();
  query = control.text.value.trim().toLowerCase();
  const inDocument = control.document.value === "" ? -1 : Number(control.document.value);
  const origin = control.origin.value === "" ? -1 : Number(control.origin.value);
  const kind = control.kind.value === "" ? -1 : Number(control.kind.value);
  const flag = control.flag.value;
  const bit = /^\d+$/.test(flag) ? 1 << Number(flag) : 0;
  const least = control.quality ? Number(control.quality.value) : 0;
  if (control.quality) byId("quality-shown").textContent = least ? least.toFixed(2) : "any";
  matches = [];
  for (let row = 0; row < total; row++) {
    const flagged = value("flags", row, 0);
    if (inDocument >= 0 && value("doc", row) !== inDocument) continue;
    if (origin >= 0 && value("origin", row) !== origin) continue;
    if (kind >= 0 && value("embedded", row) !== kind) continue;
    if (bit && !(flagged & bit)) continue;
    if (flag === "none" && flagged) continue;
    if (flag === "any" && !flagged) continue;
    if (least && !(value("quality", row) >= least)) continue;
    if (query && !haystacks[row].includes(query)) continue;
    matches.push(row);
  }
  byId("found").textContent = matches.length === total ? `${number(total)} pairs.` : `${number(matches.length)} of ${number(total)} pairs.`;
  byId("clear").hidden = !query && inDocument < 0 && origin < 0 && kind < 0 && flag === "" && !least;
  byId("nothing").hidden = matches.length > 0;
  layOut();
}

// ---- Rows, made only near where one looks: a chunk of them is a <tbody> ---------------------------------------------

const CHUNK = 50;
let chunks = [];
let active = -1; // place in matches
let word = -1;
const opened = new Set();
const watcher = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      const chunk = entry.target.chunk;
      if (entry.isIntersecting) fill(chunk);
      else if (chunk.filled && !entry.target.contains(document.activeElement)) empty(chunk);
    }
  },
  { rootMargin: "1500px 0px" },
);

function layOut() {
  watcher.disconnect();
  for (const chunk of chunks) chunk.body.remove();
  chunks = [];
  active = matches.length ? 0 : -1;
  word = -1;
  table.setAttribute("aria-rowcount", matches.length + 1);
  const bodies = document.createDocumentFragment();
  for (let first = 0; first < matches.length; first += CHUNK) {
    const body = element("tbody");
    const chunk = { body, first, last: Math.min(first + CHUNK, matches.length), filled: false, height: 0 };
    body.chunk = chunk;
    chunks.push(chunk);
    let lines = 0;
    for (let place = chunk.first; place < chunk.last; place++) {
      const row = matches[place];
      lines += Math.max(1, Math.ceil(rows.zh[row].length / 28), Math.ceil((value("en", row) ?? "").length / 60));
    }
    chunk.height = 28 * lines + 17 * (chunk.last - chunk.first);
    space(chunk);
    bodies.append(body);
  }
  table.append(bodies);
  if (chunks.length) fill(chunks[0]);
  for (const chunk of chunks) watcher.observe(chunk.body);
}

function space(chunk) {
  const cell = element("td", { colspan: 3 });
  cell.style.height = `${chunk.height}px`;
  chunk.body.replaceChildren(element("tr", { class: "space", "aria-hidden": "true" }, cell));
  chunk.filled = false;
}

function empty(chunk) {
  chunk.height = chunk.body.getBoundingClientRect().height;
  space(chunk);
}

function fill(chunk) {
  if (chunk.filled) return;
  chunk.filled = true;
  const made = [];
  for (let place = chunk.first; place < chunk.last; place++) {
    const row = matches[place];
    const inDocument = value("doc", row);
    if (place === 0 || value("doc", matches[place - 1]) !== inDocument) {
      made.push(element("tr", { class: "document" }, element("th", { scope: "rowgroup", colspan: 3, title: documents[inDocument].uri, dir: "auto" }, documents[inDocument].name)));
    }
    made.push(pairRow(place));
    if (opened.has(row)) made.push(detailsRow(row));
  }
  chunk.body.replaceChildren(...made);
}

function pairRow(place) {
  const row = matches[place];
  const origin = origins[value("origin", row)];
  const script = value("script", row);
  const zh = element("td", { class: "zh", lang: script ? `zh-${script}` : "zh", dir: "auto" });
  const en = element("td", { class: "en", lang: "en", dir: "auto" });
  paint(zh, rows.zh[row], []);
  if (value("en", row) === null) en.append(element("span", { class: "none" }, "not translated"));
  else paint(en, value("en", row), []);
  const about = element("td", { class: "about" });
  const similarity = value("similarity", row);
  about.append(element("span", { class: `origin ${origin}`, title: similarity === null ? null : `similarity ${similarity.toFixed(2)}` }, origin));
  flags.forEach(([name, meaning], position) => {
    if (value("flags", row, 0) & (1 << position)) about.append(element("span", { class: `flag ${name}`, title: meaning }, name.replaceAll("_", " ")));
  });
  if (value("quality", row) !== null) about.append(element("span", { class: "figure", title: "estimated quality, 0 to 1" }, `quality ${value("quality", row).toFixed(2)}`));
  about.append(element("button", { type: "button", tabindex: -1, "aria-expanded": opened.has(row), "aria-label": "Details" }, "details"));
  const made = element("tr", {
    class: `pair ${origin}${value("embedded", row) ? " embedded" : ""}`, tabindex: place === active ? 0 : -1, "aria-rowindex": place + 2,
  }, zh, en, about);
  made.place = place;
  return made;
}

function detailsRow(row) {
  const list = element("dl");
  const say = (name, content) => {
    if (content !== null && content !== undefined && content !== "") list.append(element("dt", {}, name), element("dd", {}, String(content)));
  };
  const model = value("model", row);
  say("document", documents[value("doc", row)].uri);
  say("characters", `${value("start", row)} to ${value("end", row)}`);
  say("kind", value("embedded", row) ? "a word or phrase in text of another language" : "sentence");
  say("model", model === null ? null : models[model]);
  say("score", value("score", row) === null ? null : `${value("score", row)} (mean log-probability of the model's tokens)`);
  say("similarity", value("similarity", row) === null ? null : `${value("similarity", row)} (how sure the match is, 0 to 1)`);
  say("quality", value("quality", row) === null ? null : `${value("quality", row)} (estimated, 0 to 1)`);
  flags.forEach(([name, meaning], position) => {
    if (value("flags", row, 0) & (1 << position)) say(name, meaning);
  });
  say("pair_id", value("id", row));
  return element("tr", { class: "details" }, element("td", { colspan: 3 }, list));
}

// Text as tokens and marks of what was searched.
function paint(cell, text, spans) {
  const found = [];
  if (query) {
    const lower = text.toLowerCase();
    if (lower.length === text.length) {
      for (let at = lower.indexOf(query); at >= 0; at = lower.indexOf(query, at + query.length)) found.push([at, at + query.length]);
    }
  }
  const piece = (from, to) => {
    const nodes = [];
    let at = from;
    for (const [start, end] of found) {
      if (end <= at || start >= to) continue;
      if (start > at) nodes.push(text.slice(at, start));
      nodes.push(element("mark", {}, text.slice(Math.max(at, start), Math.min(to, end))));
      at = Math.min(to, end);
    }
    if (at < to) nodes.push(text.slice(at, to));
    return nodes;
  };
  const nodes = [];
  let at = 0;
  spans.forEach(([start, end], position) => {
    nodes.push(...piece(at, start), element("span", { class: "token", "data-token": position }, ...piece(start, end)));
    at = end;
  });
  nodes.push(...piece(at, text.length));
  cell.replaceChildren(...nodes);
}

// ---- Tokens and their alignment ----------------------------------------------------------------------------------

function spansOf(column, row) {
  const numbers = (value(column, row) || "").split(" ").filter(Boolean).map(Number);
  const spans = [];
  let at = 0;
  for (let i = 0; i < numbers.length; i += 2) {
    spans.push([at + numbers[i], at + numbers[i] + numbers[i + 1]]);
    at = spans.at(-1)[1];
  }
  return spans;
}

function linksOf(row) {
  const numbers = (value("align", row) || "").split(" ").filter(Boolean).map(Number);
  const links = [];
  for (let i = 0; i < numbers.length; i += 2) links.push([numbers[i], numbers[i + 1]]);
  return links;
}

function tokenise(tr) {
  if (tr.tokens) return tr.tokens;
  const row = matches[tr.place];
  const [zh, en] = tr.cells;
  paint(zh, rows.zh[row], spansOf("zt", row));
  if (value("en", row) !== null) paint(en, value("en", row), spansOf("et", row));
  tr.tokens = { zh: [...zh.querySelectorAll(".token")], en: [...en.querySelectorAll(".token")], links: linksOf(row) };
  return tr.tokens;
}

let hot = [];
function light(tr, side, position) {
  for (const token of hot) token.classList.remove("hot");
  hot = [];
  if (tr === null) return [];
  const { zh, en, links } = tokenise(tr);
  const other = links.filter((link) => link[side === "zh" ? 0 : 1] === position).map((link) => link[side === "zh" ? 1 : 0]);
  const partners = [...new Set(other)].sort((a, b) => a - b).map((at) => (side === "zh" ? en : zh)[at]).filter(Boolean);
  hot = [(side === "zh" ? zh : en)[position], ...partners].filter(Boolean);
  for (const token of hot) token.classList.add("hot");
  return partners;
}

table.addEventListener("pointerover", (event) => {
  const tr = event.target.closest("tr.pair");
  if (tr === null || getSelection().type === "Range") return;
  tokenise(tr);
  const token = document.elementFromPoint(event.clientX, event.clientY)?.closest(".token") ?? event.target.closest(".token");
  if (token && tr.contains(token)) light(tr, token.closest("td").classList.contains("zh") ? "zh" : "en", Number(token.dataset.token));
  else light(null);
});
table.addEventListener("pointerleave", () => light(null));

// ---- Keys and clicks ---------------------------------------------------------------------------------------------

function rowAt(place) {
  const chunk = chunks[Math.floor(place / CHUNK)];
  fill(chunk);
  return [...chunk.body.rows].find((tr) => tr.place === place);
}

function go(place) {
  if (!matches.length) return;
  const old = active >= 0 && chunks[Math.floor(active / CHUNK)]?.filled ? rowAt(active) : null;
  active = Math.max(0, Math.min(matches.length - 1, place));
  word = -1;
  light(null);
  if (old) old.tabIndex = -1;
  const tr = rowAt(active);
  tr.tabIndex = 0;
  tr.focus({ preventScroll: true });
  tr.scrollIntoView({ block: "nearest" });
}

function step(tr, by) {
  const { zh, en } = tokenise(tr);
  const words = zh.map((token, position) => [token, position]).filter(([token]) => /[\p{L}\p{N}]/u.test(token.textContent));
  if (!words.length) return;
  word = Math.max(0, Math.min(words.length - 1, word + by));
  const [token, position] = words[word];
  const partners = light(tr, "zh", position);
  byId("said").textContent = `${token.textContent}${partners.length ? `: ${partners.map((one) => one.textContent).join(" ")}` : ""}`;
}

function toggle(tr) {
  const row = matches[tr.place];
  const open = !opened.has(row);
  if (open) {
    opened.add(row);
    tr.after(detailsRow(row));
    tr.nextElementSibling.scrollIntoView({ block: "nearest" });
  } else {
    opened.delete(row);
    tr.nextElementSibling.remove();
  }
  tr.querySelector("td.about button").setAttribute("aria-expanded", open);
}

table.addEventListener("click", (event) => {
  const tr = event.target.closest("tr.pair");
  if (tr && event.target.closest("td.about button")) toggle(tr);
});
table.addEventListener("focusin", (event) => {
  const tr = event.target.closest("tr.pair");
  if (tr && tr.place !== active) {
    const old = chunks[Math.floor(active / CHUNK)]?.filled ? rowAt(active) : null;
    if (old) old.tabIndex = -1;
    active = tr.place;
    word = -1;
    tr.tabIndex = 0;
  }
});
table.addEventListener("keydown", (event) => {
  const tr = event.target.closest("tr.pair");
  if (tr === null || event.ctrlKey || event.metaKey || event.altKey) return;
  const actions = {
    ArrowDown: () => go(active + 1), ArrowUp: () => go(active - 1), j: () => go(active + 1), k: () => go(active - 1),
    PageDown: () => go(active + 10), PageUp: () => go(active - 10), Home: () => go(0), End: () => go(matches.length - 1),
    ArrowRight: () => step(tr, 1), ArrowLeft: () => step(tr, -1), Enter: () => toggle(tr), Escape: () => light(null),
  };
  if (event.target === tr && actions[event.key]) {
    event.preventDefault();
    actions[event.key]();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.closest("input, select")) {
    event.preventDefault();
    control.text.focus();
    control.text.select();
  } else if (event.key === "ArrowDown" && event.target === control.text) {
    event.preventDefault();
    go(0);
  }
});

// ---- The controls ------------------------------------------------------------------------------------------------

function count(column, length) {
  const counts = new Array(length).fill(0);
  for (let row = 0; row < total; row++) counts[value(column, row)]++;
  return counts;
}

const inDocuments = count("doc", documents.length);
documents.forEach(({ name }, position) => control.document.append(element("option", { value: position }, `${name} (${number(inDocuments[position])})`)));
const ofOrigins = count("origin", origins.length);
origins.forEach((name, position) => {
  if (ofOrigins[position]) control.origin.append(element("option", { value: position }, `${name} (${number(ofOrigins[position])})`));
});
flags.forEach(([name, meaning], position) => {
  let flagged = 0;
  for (let row = 0; row < total; row++) if (value("flags", row, 0) & (1 << position)) flagged++;
  if (flagged) control.flag.append(element("option", { value: position, title: meaning }, `${name.replaceAll("_", " ")} (${number(flagged)})`));
});
const form = document.querySelector("form.tools");
form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(filter));
byId("clear-too").addEventListener("click", () => form.reset());
filter();
