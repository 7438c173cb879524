// What happens in the browser alone: keys, marks, selections, copying, the history, links. Nothing is fetched.
() => {
  const HISTORY = "rag.questions";
  const MOST = 100;
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const shown = (element) => element && element.getClientRects().length > 0;

  // Offsets count code points, JavaScript's strings UTF-16 units.
  const codePoints = (text) => [...text].length;

  // --- answers that the page would sleep through ---
  // Gradio hears all answers in one stream, which the server ends when none is left. What is asked between that and the
  // page's hearing of it is answered into a stream that nobody opens, until something else is asked.
  let wake = () => {};
  let listening = false, late = false;
  const fetched = window.fetch;
  window.fetch = async (resource, options) => {
    const { pathname } = new URL(resource.url ?? resource, location.href);
    if (pathname.endsWith("/queue/data")) {
      listening = true;
      late = false;
      resource.signal?.addEventListener("abort", () => {
        listening = false;
        if (late) wake();
      });
    }
    const response = await fetched(resource, options);
    if (listening && pathname.endsWith("/queue/join")) late = true;
    return response;
  };

  // --- marks of the source ---
  const pane = () => one("#source .source-pane");
  const marksOf = (of) => all(of.dataset.view === "page" ? ".box" : ".text mark.answer, .text mark.other", of);
  const show = (mark, of) => {
    all(".current", of).forEach((each) => each.classList.remove("current"));
    if (!mark) return;
    mark.classList.add("current");
    const scroll = one(".scroll", of), box = mark.getBoundingClientRect(), around = scroll.getBoundingClientRect();
    scroll.scrollTop += box.top - around.top - Math.max(24, around.height / 3);
  };
  const toMark = (by) => {
    const of = pane(), marks = of ? marksOf(of) : [];
    if (!marks.length) return;
    const at = marks.findIndex((each) => each.classList.contains("current"));
    show(marks[(at + by + marks.length) % marks.length], of);
  };
  const focusMark = (of) => show(marksOf(of).find((each) => each.classList.contains("focus")) ?? marksOf(of)[0], of);
  const view = (kind) => {
    const of = pane();
    of.dataset.view = kind;
    all(".views button", of).forEach((each) => each.setAttribute("aria-pressed", each.dataset.view === kind));
    focusMark(of);
  };
  let opener = null;
  const close = () => {
    const of = pane(), focused = document.activeElement;
    if (!of) return false;
    // Who asks the next question with the source open stays in the field.
    const back = focused === document.body || of.contains(focused);
    of.remove();
    if (back) opener?.focus();
    return true;
  };
  const opened = () => {
    const of = pane();
    if (!of || of.dataset.seen) return;
    of.dataset.seen = "1";
    focusMark(of);
    one(".scroll", of).focus({ preventScroll: true });
  };
  // A picture has no height before it is decoded, but its width and height are known, so this is the end of it.
  new MutationObserver(opened).observe(document.documentElement, { childList: true, subtree: true });

  // --- words selected in the source ---
  let words = null;
  document.addEventListener("selectionchange", () => {
    const selection = getSelection(), of = pane(), text = of && one(".text", of);
    const button = of && one("[data-words]", of);
    if (!button) return;
    if (selection.rangeCount && !selection.isCollapsed) {
      const range = selection.getRangeAt(0);
      if (text.contains(range.startContainer) && text.contains(range.endContainer)) {
        const before = document.createRange();
        before.setStart(text, 0);
        before.setEnd(range.startContainer, range.startOffset);
        const start = Number(text.dataset.start) + codePoints(before.toString());
        words = { start, end: start + codePoints(range.toString()) };
        button.disabled = false;
        return;
      }
    }
    if (document.activeElement !== button) {
      words = null;
      button.disabled = true;
    }
  });

  // --- clicks in a result or a source ---
  const clicks = (element, trigger) => {
    // A button takes the focus, and with it the selection.
    element.addEventListener("mousedown", (event) => event.target.closest("[data-words]") && event.preventDefault());
    element.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      const data = button.dataset;
      if (button.classList.contains("open")) {
        if (!button.closest(".source-pane")) opener = button;
        trigger("open", { document: data.document, start: data.start, end: data.end });
      } else if (data.teach) trigger("teach", { verdict: data.teach, answer: data.answer, document: "", start: 0, end: 0 });
      else if ("words" in data && words) {
        const document = one(".names code", element).textContent;
        trigger("teach", { verdict: "words", answer: 0, document, ...words });
      } else if (data.export) trigger("export", { kind: data.export });
      else if (data.copy !== undefined) copy(data.copy, button);
      else if (data.mark) toMark(Number(data.mark));
      else if (data.view && button.closest(".views")) view(data.view);
      else if ("close" in data) close();
    });
  };

  const copy = async (text, button) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = Object.assign(document.createElement("textarea"), { value: text });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    const label = (button.dataset.label ??= button.textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = label), 1500);
  };

  const note = (text) => {
    const place = shown(one(".source-pane")) ? one(".source-pane .select span") : one(".taught-note");
    if (place && text) place.textContent = text;
    const below = one(".taught-note");
    if (below && text) below.textContent = text;
  };

  const save = (name, text) => {
    if (!text) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  // --- the questions of this browser, and the link of the last one ---
  const past = () => {
    try {
      const found = JSON.parse(localStorage.getItem(HISTORY) ?? "[]");
      return Array.isArray(found) ? found.filter((each) => typeof each?.question === "string") : [];
    } catch {
      return [];
    }
  };
  const keep = (list) => {
    try {
      localStorage.setItem(HISTORY, JSON.stringify(list.slice(0, MOST)));
    } catch {} // a browser that keeps nothing
    draw();
  };
  const link = ({ question, collection, where }) => {
    const query = new URLSearchParams({ q: question, collection });
    if (where) query.set("where", where);
    return `?${query}`;
  };
  const draw = () => {
    const list = one("#history-list");
    if (!list) return;
    list.replaceChildren(
      ...past().map((each) => {
        const item = document.createElement("li"), anchor = document.createElement("a");
        anchor.href = link(each);
        anchor.textContent = each.question;
        anchor.title = each.where ? `${each.collection}, ${each.where}` : each.collection;
        item.append(anchor);
        return item;
      }),
    );
  };
  let follow = () => {};
  const questions = (element, trigger) => {
    follow = ({ search }) => {
      const query = new URLSearchParams(search);
      trigger("again", { question: query.get("q"), collection: query.get("collection"), where: query.get("where") ?? "" });
    };
    wake = () => trigger("wake", {});
    element.addEventListener("click", (event) => {
      const anchor = event.target.closest("a"), button = event.target.closest("button");
      if (anchor && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
        event.preventDefault();
        follow(anchor);
      } else if (button && "clear" in button.dataset) {
        keep([]);
        trigger("forget", {});
      } else if (button?.dataset.export) trigger("export", { kind: button.dataset.export });
    });
    draw();
  };
  const examples = (element, trigger) => {
    element.addEventListener("click", (event) => {
      const chip = event.target.closest(".chip");
      if (chip) trigger("again", { question: chip.dataset.question, collection: chip.parentElement.dataset.collection, where: one("#where textarea")?.value ?? "" });
    });
  };
  // A button of a table's row; what is for good is asked for twice.
  const rows = (element, trigger) => {
    element.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-event]");
      if (!button) return;
      const { event: name, sure, ...data } = button.dataset;
      if (sure && button.textContent !== sure) {
        const label = button.textContent;
        button.textContent = sure;
        button.addEventListener("blur", () => (button.textContent = label), { once: true });
      } else trigger(name, data);
    });
  };
  // Who asks before the link is followed means that question.
  let own = false;
  const followed = () => {
    if (!own && new URLSearchParams(location.search).get("q")?.trim()) follow(location);
  };
  // All questions are asked by the one button, so that one waits for the one before it.
  const ask = () => one("#ask-button").click();

  const asked = (question, collection, where, least, kept) => {
    if (question.trim()) {
      own = true;
      close();
      // Until the server gets to it, what is shown answers another question.
      one("#result .result")?.classList.add("past");
      keep([{ question, collection, where }, ...past().filter((each) => each.question !== question || each.collection !== collection)]);
      const query = new URLSearchParams(link({ question, collection, where }));
      query.set("least", least);
      history.replaceState(null, "", `?${query}`);
    }
    return [question, collection, where, least, kept];
  };

  // The link says how likely an answer must be as it is shown now.
  const judged = (least, result, kept) => {
    const query = new URLSearchParams(location.search);
    if (query.has("q")) {
      query.set("least", least);
      history.replaceState(null, "", `?${query}`);
    }
    return [least, result, kept];
  };

  // --- keys ---
  const walk = (by) => {
    const stops = all("#result .open.main, #result .walk").filter(shown);
    if (!stops.length) return;
    const at = stops.indexOf(document.activeElement);
    const next = stops[Math.min(stops.length - 1, Math.max(0, at + by))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  };
  const toQuestion = () => {
    const field = one("#question input, #question textarea");
    if (!shown(field)) one("#tabs [role=tab]")?.click();
    // The tab is shown a moment after it is clicked.
    setTimeout(() => field.focus());
  };
  // Where the source covers the page, the keys stay in it.
  const stay = (event) => {
    const of = pane();
    if (!of || getComputedStyle(of).position !== "fixed") return;
    const stops = all("button:not([disabled]), [tabindex='0']", of).filter(shown);
    const at = stops.indexOf(document.activeElement), last = stops.length - 1;
    if (at > 0 && at < last) return;
    if (event.shiftKey ? at === last : at === 0) return;
    event.preventDefault();
    stops[event.shiftKey ? last : 0].focus();
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Tab") return stay(event);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const field = event.target.closest("input, textarea, select, [contenteditable], [role=listbox], [role=slider]");
    if (event.key === "Escape" && close()) event.preventDefault();
    else if (event.key === "ArrowDown" && event.target.closest("#question")) { event.preventDefault(); walk(1); }
    else if (field) return;
    else if (event.key === "/") { event.preventDefault(); toQuestion(); }
    else if (event.key === "n" || event.key === "p") toMark(event.key === "n" ? 1 : -1);
    else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !event.target.closest(".scroll, [role=tab]")) {
      event.preventDefault();
      walk(event.key === "ArrowDown" ? 1 : -1);
    }
  });

  // --- the parts of the page and its events, be they here before this script or after ---
  const calls = { clicks, questions, examples, rows, ask, asked, followed, judged, note, save };
  const push = ([name, given, done, failed]) => {
    try {
      const result = calls[name](...given);
      done?.(result);
    } catch (error) {
      console.error(error);
      failed?.(error);
    }
  };
  const early = window.ragCalls ?? [];
  window.ragCalls = { push };
  // Who asked twice before this was there means the later question: the other is not sent.
  const last = early.findLastIndex(([name]) => name === "asked");
  early.filter(([name], at) => name !== "asked" || at === last).forEach(push);
}
