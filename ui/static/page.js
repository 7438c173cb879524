// Everything that runs in the browser alone: keys, highlights, selections, copying, the history, links. Nothing is fetched.
({ createFilters, createReader }) => {
  // Several accounts may use one browser, and must not see each other's questions.
  const account = window.gradio_config?.username, suffix = account ? `:${account}` : "";
  const STORAGE_KEY = `rag.questions${suffix}`, COLLECTION_KEY = `rag.collection${suffix}`;
  const MAX_QUESTIONS = 100;
  // Milliseconds within which gradio shows what an event has changed.
  const SHOWN = 2000;
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const isVisible = (element) => element && element.getClientRects().length > 0;

  const stored = (key) => {
    try {
      return localStorage.getItem(key) ?? "";
    } catch {
      return ""; // storage may be disabled
    }
  };
  const store = (key, value) => {
    try {
      localStorage.setItem(key, value);
    } catch {}
  };

  // Offsets count code points, JavaScript's strings UTF-16 units.
  const codePoints = (text) => [...text].length;

  // --- answers that the page would miss ---
  // Gradio receives all answers through one stream, which the server closes when no answer is pending. The page does not
  // open a new stream for a question sent after that but before it has noticed, so the answer would wait for the next
  // event. Sending an empty event opens the stream.
  let reconnect = () => {};
  let streaming = false, askedLate = false;
  const originalFetch = window.fetch;
  window.fetch = async (resource, options) => {
    const { pathname } = new URL(resource.url ?? resource, location.href);
    if (pathname.endsWith("/queue/data")) {
      streaming = true;
      askedLate = false;
      resource.signal?.addEventListener("abort", () => {
        streaming = false;
        if (askedLate) reconnect();
      });
    }
    const response = await originalFetch(resource, options);
    if (streaming && pathname.endsWith("/queue/join")) askedLate = true;
    return response;
  };

  const filters = createFilters({ one, all });

  // --- the document that is open ---
  const reader = createReader({ one, all, isVisible });
  const sourcePane = reader.current;
  let opener = null;
  const closeSource = () => {
    const pane = sourcePane(), focused = document.activeElement;
    if (!pane) return false;
    // If the focus is elsewhere, in the question for example, it stays there.
    const restoreFocus = focused === document.body || pane.contains(focused);
    pane.remove();
    if (restoreFocus) opener?.focus();
    return true;
  };
  // --- words selected in the source or in the answer's paragraph ---
  let selected = null;
  const textAt = (node) =>
    (node.closest ? node : node.parentElement)?.closest(".source-pane .text[data-start], .card .paragraph[data-start]");
  // The offset in the document of a place in one of its texts.
  const offsetOf = (text, container, offset) => {
    const before = document.createRange();
    before.setStart(text, 0);
    before.setEnd(container, offset);
    return Number(text.dataset.start) + codePoints(before.toString());
  };
  const selectedWords = () => {
    const selection = getSelection(), range = selection.rangeCount && !selection.isCollapsed && selection.getRangeAt(0);
    if (!range) return null;
    const first = textAt(range.startContainer), last = textAt(range.endContainer);
    const around = first?.closest(".source-pane, .card");
    if (!last || !around.contains(last)) return null;
    const start = offsetOf(first, range.startContainer, range.startOffset);
    const end = offsetOf(last, range.endContainer, range.endOffset);
    const name = first.dataset.document ?? one(".names code", around).textContent;
    return start < end ? { button: one("[data-words]", around), words: { document: name, start, end } } : null;
  };
  document.addEventListener("selectionchange", () => {
    const found = selectedWords();
    if (!found && document.activeElement?.matches("[data-words]")) return;
    selected = found?.words ?? null;
    all("[data-words]").forEach((button) => (button.disabled = button !== found?.button));
  });

  // --- clicks in a result or a source ---
  const result = (element, trigger, server) => {
    reader.connect(element, server);
    // Pressing a button would move the focus and clear the selection.
    element.addEventListener("mousedown", (event) => event.target.closest("[data-words]") && event.preventDefault());
    element.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      const data = button.dataset;
      if (button.classList.contains("open")) {
        if (!button.closest(".source-pane")) opener = button;
        trigger("open", { document: data.document, start: data.start, end: data.end, column: data.column });
      } else if (data.verdict) {
        trigger("feedback", { verdict: data.verdict, answer: data.answer, document: "", start: 0, end: 0 });
      } else if ("words" in data && selected) {
        trigger("feedback", { verdict: "words", answer: 0, ...selected });
      } else if (data.event) trigger(data.event, { column: data.column, by: data.by, page: data.page });
      else if (data.export) trigger("export", { kind: data.export });
      else if (data.copy !== undefined) copy(data.copy, button);
      else if (data.mark) reader.move(Number(data.mark));
      else if (data.zoom) reader.zoom(Number(data.zoom));
      else if (data.view && button.closest(".views")) reader.switchView(data.view);
      else if ("close" in data) closeSource();
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

  // The confirmation of feedback: below the answer, and in the source where that is open.
  const showNote = (text) => {
    if (!text) return;
    for (const place of all(".feedback-note, .source-pane .select span")) place.textContent = text;
  };

  const saveFile = (name, text) => {
    if (!text) return;
    const link = document.createElement("a");
    // A workbook comes in Base64.
    const content = name.endsWith(".xlsx") ? Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0)) : text;
    link.href = URL.createObjectURL(new Blob([content], { type: "text/plain" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  // --- the recent questions of this browser, and the link to the last one ---
  const loadHistory = () => {
    try {
      const questions = JSON.parse(stored(STORAGE_KEY) || "[]");
      return Array.isArray(questions) ? questions.filter((each) => typeof each?.question === "string") : [];
    } catch {
      return [];
    }
  };
  const saveHistory = (questions) => {
    store(STORAGE_KEY, JSON.stringify(questions.slice(0, MAX_QUESTIONS)));
    drawHistory();
  };
  const linkTo = ({ question, collection, where }) => {
    const query = new URLSearchParams({ q: question, collection });
    if (where) query.set("where", where);
    return `?${query}`;
  };
  const drawHistory = () => {
    const list = one("#history-list");
    if (!list) return;
    list.replaceChildren(
      ...loadHistory().map((each) => {
        const item = document.createElement("li"), anchor = document.createElement("a");
        anchor.href = linkTo(each);
        anchor.textContent = each.question;
        anchor.title = each.where ? `${each.collection}, ${each.where}` : each.collection;
        item.append(anchor);
        return item;
      }),
    );
  };
  let followLink = () => {}, restart = () => {};
  const historyPanel = (element, trigger) => {
    followLink = ({ search }) => {
      const query = new URLSearchParams(search), given = (name) => query.get(name) ?? "";
      trigger("reask", {
        question: given("q"), collection: given("collection"), where: given("where"), percent: given("min_confidence"),
      });
    };
    restart = () => trigger("restart", {});
    reconnect = () => trigger("reconnect", {});
    element.addEventListener("click", (event) => {
      const anchor = event.target.closest("a"), button = event.target.closest("button");
      if (anchor && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
        event.preventDefault();
        filters.closeOption();
        followLink(anchor);
      } else if (button && "clear" in button.dataset) {
        saveHistory([]);
        trigger("forget", {});
      } else if (button?.dataset.export) trigger("export", { kind: button.dataset.export });
    });
    drawHistory();
  };
  const examples = (element, trigger) => {
    element.addEventListener("click", (event) => {
      const chip = event.target.closest(".chip");
      if (!chip) return;
      const where = one("#where textarea")?.value ?? "", { question } = chip.dataset;
      trigger("reask", { question, collection: chip.parentElement.dataset.collection, where, percent: "" });
    });
  };
  // The buttons in the rows of a table; one that deletes asks for confirmation.
  const table = (element, trigger) => {
    element.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-event]");
      if (!button) return;
      const { event: name, sure, ...data } = button.dataset;
      if (sure && button.textContent !== sure) {
        const label = button.textContent;
        button.textContent = sure;
        button.addEventListener("blur", () => (button.textContent = label), { once: true });
      } else {
        opener = button;
        trigger(name, data);
      }
    });
  };
  // A question typed before the link is followed takes precedence over the link.
  let hasAsked = false;
  const askLinked = () => {
    const query = new URLSearchParams(location.search);
    if (!hasAsked && (query.get("q")?.trim() || query.has("collection"))) followLink(location);
  };
  // All questions go through this one button, so that each waits for the one before it.
  const ask = (isAskable) => isAskable && one("#ask-button").click();

  // --- each question is an entry of the browser's history ---
  const baseTitle = document.title;
  const keyOf = (query) => JSON.stringify([query.get("q"), query.get("collection"), query.get("where") ?? ""]);
  // Questions that Back and Forward ask again, which have their entries already.
  const revisited = new Set();
  const enterHistory = (query) => {
    const here = new URLSearchParams(location.search), key = keyOf(query), isRevisit = revisited.delete(key);
    // A link may leave out the collection.
    if (here.has("q") && !here.has("collection")) here.set("collection", query.get("collection"));
    document.title = `${query.get("q")} · ${baseTitle}`;
    if (keyOf(here) === key) history.replaceState(null, "", `?${query}`);
    else if (!isRevisit) history.pushState(null, "", `?${query}`);
  };
  addEventListener("popstate", () => {
    const query = new URLSearchParams(location.search);
    closeSource();
    if (query.get("q")?.trim()) {
      revisited.add(keyOf(query));
      showAskTab();
      followLink(location);
    } else {
      document.title = baseTitle;
      restart();
    }
  });

  // --- the collection shown last in this browser, for a visit without a link ---
  // Read now: until it is loaded, the page shows its first collection, and that would be stored.
  const lastCollection = stored(COLLECTION_KEY);
  const rememberedCollection = () => [lastCollection];
  const rememberCollection = (collection) => store(COLLECTION_KEY, collection);

  const beforeAsk = (question, collection, where, minConfidence, session) => {
    if (question.trim()) {
      hasAsked = true;
      closeSource();
      // Fade the result on the page, which answers another question, until the server responds.
      one("#result .result")?.classList.add("past");
      const others = loadHistory().filter((each) => each.question !== question || each.collection !== collection);
      saveHistory([{ question, collection, where }, ...others]);
      const query = new URLSearchParams(linkTo({ question, collection, where }));
      query.set("min_confidence", minConfidence);
      enterHistory(query);
    }
    return [question, collection, where, minConfidence, session];
  };

  // Keep the link's minimum confidence up to date.
  const beforeJudge = (minConfidence, session) => {
    const query = new URLSearchParams(location.search);
    if (query.has("q")) {
      query.delete("least");
      query.set("min_confidence", minConfidence);
      history.replaceState(null, "", `?${query}`);
    }
    return [minConfidence, session];
  };

  // --- keys ---
  const stepFocus = (step) => {
    const stops = all("#result .open.main, #result .walk").filter(isVisible);
    if (!stops.length) return;
    const current = stops.indexOf(document.activeElement);
    const next = stops[Math.min(stops.length - 1, Math.max(0, current + step))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  };
  // Moves the focus to an element once it is shown, and again if gradio draws it anew, unless the user moves it meanwhile.
  const focusFound = (find) => {
    const expected = [document.body, document.activeElement], end = performance.now() + SHOWN;
    const step = () => {
      const element = find(), active = document.activeElement;
      if (!expected.includes(active) || performance.now() > end) return;
      if (element !== active && isVisible(element)) {
        expected.push(element);
        element.focus();
        if (element.matches("input")) element.select();
      }
      requestAnimationFrame(step);
    };
    step();
  };
  const moveFocus = (selector) => focusFound(() => one(selector));
  // To the row of some feedback, or to the counts above the list if it is not listed.
  const focusFeedback = (id) => focusFound(() =>
    all('#feedback-table [data-event="edit"]').find((each) => each.dataset.annotation === id) ?? one("#feedback-counts"));
  const showAskTab = () => isVisible(one("#question")) || one("#tabs [role=tab]")?.click();
  const focusQuestion = () => {
    const field = one("#question input, #question textarea");
    showAskTab();
    // The tab becomes visible a moment after the click.
    setTimeout(() => field.focus());
  };
  // Where the source covers the page, Tab stays inside it.
  const trapFocus = (event) => {
    const pane = sourcePane();
    if (!pane || getComputedStyle(pane).position !== "fixed") return;
    const stops = all("button:not([disabled]), input, [tabindex='0']", pane).filter(isVisible);
    const current = stops.indexOf(document.activeElement), last = stops.length - 1;
    if (current > 0 && current < last) return;
    if (event.shiftKey ? current === last : current === 0) return;
    event.preventDefault();
    stops[event.shiftKey ? last : 0].focus();
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Tab") return trapFocus(event);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const field = event.target.closest("input, textarea, select, [contenteditable], [role=listbox], [role=slider]");
    if (event.key === "Escape" && (closeSource() || (event.target.closest("#options") && filters.closeOption()))) event.preventDefault();
    else if (event.key === "ArrowDown" && event.target.closest("#question")) { event.preventDefault(); stepFocus(1); }
    else if (field) return;
    else if (event.key === "/") { event.preventDefault(); focusQuestion(); }
    else if (event.key === "n" || event.key === "p") reader.move(event.key === "n" ? 1 : -1);
    else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !event.target.closest(".scroll, [role=tab]")) {
      event.preventDefault();
      stepFocus(event.key === "ArrowDown" ? 1 : -1);
    }
  });

  // --- calls of the components and events of the page, whether they came before this script or come after it ---
  const calls = {
    result, history: historyPanel, examples, table, ask, beforeAsk, askLinked, beforeJudge, showNote, saveFile,
    rememberedCollection, rememberCollection, moveFocus, focusFeedback, ...filters,
  };
  const push = ([name, values, resolve, reject]) => {
    try {
      const result = calls[name](...values);
      resolve?.(result);
    } catch (error) {
      console.error(error);
      reject?.(error);
    }
  };
  const queued = window.ragCalls ?? [];
  window.ragCalls = { push };
  // Of several questions asked before this script was there, only the last one is sent.
  const last = queued.findLastIndex(([name]) => name === "beforeAsk");
  queued.filter(([name], index) => name !== "beforeAsk" || index === last).forEach(push);
}
