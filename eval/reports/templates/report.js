"use strict";
// Question browser. Document text is untrusted, so it enters the page only as text nodes.
const { texts, questions } = JSON.parse(document.getElementById("data").textContent);
const PAGE = 40;
const form = document.getElementById("filters");
const list = document.getElementById("questions");
const more = document.getElementById("more");
let matching = [];
let shown = 0;

function element(name, content = "", className = "") {
  const node = document.createElement(name);
  node.append(content);
  if (className) node.className = className;
  return node;
}

// Offsets count code points; JavaScript strings count UTF-16 units.
function marked(number, marks) {
  const [source, title, start, text] = texts[number];
  const points = Array.from(text);
  const end = start + points.length;
  const inside = marks
    .filter(([where, from, to]) => where === source && from < end && to > start)
    .map(([, from, to, kind]) => [Math.max(from, start), Math.min(to, end), kind]);
  const edges = [...new Set([start, end, ...inside.flatMap(([from, to]) => [from, to])])].sort((a, b) => a - b);
  const quote = element("blockquote");
  quote.append(element("cite", title === source ? source : `${title} (${source})`));
  for (let i = 0; i + 1 < edges.length; i++) {
    const piece = points.slice(edges[i] - start, edges[i + 1] - start).join("");
    const kinds = [...new Set(inside.filter(([from, to]) => from <= edges[i] && edges[i] < to).map((mark) => mark[2]))];
    quote.append(kinds.length ? element("mark", piece, kinds.join(" ")) : piece);
  }
  return quote;
}

function item(question) {
  const marks = question.marks.map((mark) => [...mark, "gold"]);
  if (question.given) marks.unshift([...question.given, "given"]);
  const node = element("li");
  node.append(element("h3", question.text));
  const meta = element("p", "", "meta");
  meta.append(element("span", question.cause || "handled right", question.cause ? "cause" : "fine"));
  const facts = [question.id, question.kind, ...question.tags];
  if (question.golds.length && question.rank !== null) facts.push(`gold at rank ${question.rank}`);
  meta.append(" · " + facts.filter(Boolean).join(" · "));
  node.append(meta);
  const percent = `${Math.round(100 * question.confidence)}%`;
  const best = question.best ? `“${question.best}”, ${percent}` : "no candidate";
  node.append(element("p", question.answered ? `answer: ${best}` : `not found (withheld: ${best})`));
  const golds = question.golds.map((gold) => `“${gold}”`).join(" or ");
  node.append(element("p", question.golds.length ? `gold: ${golds}` : "gold: unanswerable"));
  const details = element("details");
  details.append(element("summary", "Show in documents"));
  details.addEventListener("toggle", () => {
    if (details.childElementCount > 1) return;
    for (const number of question.shown) details.append(marked(number, marks));
    if (question.hits.length) details.append(element("p", "Retrieved passages", "meta"));
    for (const [number, holds] of question.hits) {
      const quote = marked(number, marks);
      if (holds) quote.classList.add("holds");
      details.append(quote);
    }
  });
  node.append(details);
  return node;
}

function showMore() {
  list.append(...matching.slice(shown, shown + PAGE).map(item));
  shown = Math.min(shown + PAGE, matching.length);
  more.hidden = shown >= matching.length;
}

function filter() {
  const { cause, kind, tag, words } = Object.fromEntries(new FormData(form));
  const terms = words.toLowerCase().split(/\s+/).filter(Boolean);
  matching = questions.filter((question) =>
    (!cause || (cause === "failed" ? question.cause : cause === "right" ? !question.cause : question.cause === cause)) &&
    (!kind || question.kind === kind) &&
    (!tag || question.tags.includes(tag)) &&
    terms.every((word) => `${question.id} ${question.text} ${question.best}`.toLowerCase().includes(word)));
  document.getElementById("count").textContent = `${matching.length} of ${questions.length}`;
  list.replaceChildren();
  shown = 0;
  showMore();
}

for (const [name, values] of [["kind", questions.map((q) => q.kind)], ["tag", questions.flatMap((q) => q.tags)]]) {
  for (const value of [...new Set(values)].filter(Boolean).sort()) form.elements[name].append(new Option(value, value));
  form.elements[name].parentElement.hidden = form.elements[name].length < 2;
}
form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
more.addEventListener("click", showMore);
filter();
