// The document that is open: its parts, which are fetched as they are scrolled to, highlights, search, zoom, page numbers.
({ one, all, isVisible }) => {
  const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3];
  // Parts that stay filled in; of a long document, those scrolled past longest ago are emptied.
  const MAX_FILLED = 30;
  // Milliseconds that a part has to be near before it is fetched, that typing has to pause before a search, and until a
  // part that the server could not send is asked for again.
  const SETTLED = 100, TYPED = 250, RETRY = 3000;

  // What the server offers each component.
  const servers = new Map();
  const states = new WeakMap();
  const current = () => one(".source-pane");
  const stateOf = (pane) => states.get(pane);
  const area = (pane) => one(".scroll", pane);
  const list = (pane) => one(pane.dataset.view === "page" ? ".leaves.page" : ".leaves.text-parts", pane);
  const leaf = (pane, part) => one(`.leaf[data-part="${part}"]`, list(pane));
  const reference = ({ dataset: { collection, document, hash } }) => ({ collection, document, hash });

  // --- parts ---
  const marksOn = ({ marks, matches }, part) => {
    const found = (matches?.places ?? []).map(([start, end, at], index) => [start, end, `match match-${index}`, at]);
    // A mark may begin in a part before this one.
    return [...found, ...marks].filter(([, , , at]) => at <= part && at >= part - 1).map((mark) => mark.slice(0, 3));
  };
  const isFilled = (pane, each) => each.dataset.filled === String(stateOf(pane).version);
  // Keeps a text as high as it was, or as it will be about, so that the scroll bar is right.
  const reserve = (each) => {
    const perLine = Math.max(20, (each.clientWidth || 600) / 8);
    const shown = each.dataset.filled && each.offsetHeight;
    each.style.minHeight = `${shown || Math.ceil(Number(each.dataset.length) / perLine) * 28}px`;
  };
  const empty = (pane, each) => {
    const text = one(".text", each);
    if (text) reserve(each);
    (text ?? one(".content", each)).replaceChildren();
    delete each.dataset.filled;
    stateOf(pane).filled.delete(each);
  };
  // Keeps the current mark where it is seen, whatever changes above it. Browsers' scroll anchoring does not if the first
  // part in view is filled in the same frame.
  const keepInPlace = (pane, change) => {
    const mark = one(".current", list(pane)), before = mark?.getBoundingClientRect();
    const around = area(pane).getBoundingClientRect();
    change();
    if (mark?.isConnected && before.bottom > around.top && before.top < around.bottom)
      area(pane).scrollTop += mark.getBoundingClientRect().top - before.top;
  };
  const fetchPart = async (pane, each) => {
    const state = stateOf(pane), { version } = state, { view } = pane.dataset, part = Number(each.dataset.part);
    const width = Math.round(each.clientWidth * Math.min(devicePixelRatio, 2));
    const answer = await state.server.read_part({ ...reference(pane), view, part, width, marks: marksOn(state, part) });
    if (!pane.isConnected || version !== state.version || view !== pane.dataset.view) return;
    if (!answer) { // too many requests at once, or no connection
      setTimeout(() => state.near.has(each) && fill(pane, each), RETRY);
      return;
    }
    keepInPlace(pane, () => {
      const content = one(".text", each) ?? one(".content", each);
      if (answer.html === undefined) content.textContent = answer.error;
      else content.innerHTML = answer.html;
      const now = stops(pane)[state.index];
      if (now) for (const mark of all(`.${now.name}`, each)) mark.classList.add("current");
      each.style.minHeight = "";
    });
    each.dataset.filled = version;
    state.filled.delete(each);
    state.filled.add(each);
    for (const old of state.filled) {
      if (state.filled.size <= MAX_FILLED) break;
      if (!state.near.has(old)) empty(pane, old);
    }
  };
  const fill = (pane, each) => {
    const state = stateOf(pane);
    if (isFilled(pane, each)) return Promise.resolve();
    const pending = state.pending.get(each);
    if (pending?.version === state.version) return pending.done;
    const done = fetchPart(pane, each).finally(() => state.pending.get(each)?.done === done && state.pending.delete(each));
    state.pending.set(each, { version: state.version, done });
    return done;
  };
  const refill = (pane) => {
    const state = stateOf(pane);
    state.version += 1;
    for (const each of [...state.filled]) if (!state.near.has(each) || !isVisible(each)) empty(pane, each);
    for (const each of state.near) if (isVisible(each)) fill(pane, each);
  };
  // --- highlights and matches ---
  // Each is a class, `stop-3` or `match-3`, and the part that it begins in.
  const stops = (pane) => {
    const { matches, marks } = stateOf(pane);
    if (matches) return matches.places.map(([, , part], index) => ({ name: `match-${index}`, part }));
    const named = marks.map(([, , kind, part]) => ({ name: /stop-\d+/.exec(kind)?.[0], part }));
    const byName = new Map(named.filter(({ name }) => name).map((stop) => [stop.name, stop]));
    return [...byName.values()].sort((a, b) => Number(a.name.slice(5)) - Number(b.name.slice(5)));
  };
  const showCount = (pane) => {
    const { matches, index } = stateOf(pane), found = stops(pane), count = one(".find .count", pane);
    if (!count) return;
    const total = matches?.total ?? found.length;
    count.textContent = total ? `${(index + 1).toLocaleString("en")} of ${total.toLocaleString("en")}` : matches ? "No matches" : "";
    const noun = matches ? "match" : "highlight";
    for (const [step, word] of [[-1, "Previous"], [1, "Next"]]) {
      const button = one(`[data-mark="${step}"]`, pane);
      button.disabled = !found.length;
      button.setAttribute("aria-label", `${word} ${noun}`);
    }
  };
  const scrollTo = (mark, pane) => {
    // A wide table scrolls by itself.
    const table = mark.closest(".table");
    if (table) table.scrollLeft += mark.getBoundingClientRect().left - table.getBoundingClientRect().left - table.clientWidth / 3;
    const box = mark.getBoundingClientRect(), around = area(pane).getBoundingClientRect();
    area(pane).scrollTop += box.top - around.top - Math.max(24, around.height / 3);
    if (box.left < around.left || box.right > around.right) area(pane).scrollLeft += box.left - around.left - around.width / 3;
  };
  // Scrolls the document only, not the page around it.
  const toTop = (pane, each) => {
    area(pane).scrollTop += each.getBoundingClientRect().top - area(pane).getBoundingClientRect().top - 8;
  };
  const show = async (pane, index) => {
    const state = stateOf(pane), stop = stops(pane)[index];
    state.index = index;
    showCount(pane);
    if (!stop) return;
    const each = leaf(pane, stop.part), marks = () => all(`.${stop.name}`, list(pane));
    if (!isFilled(pane, each)) {
      toTop(pane, each);
      await fill(pane, each);
      if (state.index !== index) return;
    }
    for (const old of all(".current", pane)) old.classList.remove("current");
    for (const mark of marks()) mark.classList.add("current");
    if (marks()[0]) scrollTo(marks()[0], pane);
    else toTop(pane, each);
  };
  const move = (step) => {
    const pane = current(), count = pane && stateOf(pane) ? stops(pane).length : 0;
    if (count) show(pane, (stateOf(pane).index + step + count) % count);
  };

  // --- search ---
  const search = async (pane, text) => {
    const state = stateOf(pane), from = partInView(pane);
    state.searched = text;
    const matches = text.trim() ? await state.server.find_text({ ...reference(pane), text }) : null;
    if (state.searched !== text || !pane.isConnected) return;
    state.matches = matches?.places ? matches : null;
    refill(pane);
    if (state.matches) return show(pane, Math.max(0, state.matches.places.findIndex(([, , part]) => part >= from)));
    if (matches?.error) one(".find .count", pane).textContent = matches.error;
    else show(pane, state.focus);
  };

  // --- page numbers and zoom ---
  const partInView = (pane) => {
    const limit = area(pane).getBoundingClientRect().top + area(pane).clientHeight / 3;
    const shown = [...list(pane).children], after = shown.findIndex((each) => each.getBoundingClientRect().top > limit);
    return Number(shown.at(after < 0 ? -1 : Math.max(0, after - 1)).dataset.part);
  };
  const showPage = (pane) => {
    const field = one(".page-number input", pane);
    if (field && !field.dataset.typing) field.value = partInView(pane) + 1;
  };
  const zoom = (pane, step) => {
    const state = stateOf(pane), middle = area(pane).scrollTop / area(pane).scrollHeight;
    const at = ZOOMS.indexOf(state.zoom);
    state.zoom = step ? ZOOMS[Math.min(ZOOMS.length - 1, Math.max(0, at + step))] : 1;
    pane.style.setProperty("--zoom", state.zoom);
    one('[data-zoom="0"]', pane).textContent = `${Math.round(state.zoom * 100)}%`;
    area(pane).scrollTop = middle * area(pane).scrollHeight;
    if (pane.dataset.view === "page" && state.zoom > 1) refill(pane);
  };
  const switchView = (view) => {
    const pane = current(), part = partInView(pane);
    pane.dataset.view = view;
    for (const each of all(".views button", pane)) each.setAttribute("aria-pressed", each.dataset.view === view);
    if (stops(pane).length) show(pane, stateOf(pane).index);
    else toTop(pane, leaf(pane, part));
  };

  // --- opening ---
  const setUp = (pane) => {
    const server = [...servers].find(([element]) => element.contains(pane))?.[1];
    const marks = JSON.parse(pane.dataset.marks), kinds = marks.map(([, , kind]) => kind);
    const focus = Number(/stop-(\d+)/.exec(kinds.find((kind) => kind.includes("focus")) ?? "")?.[1] ?? 0);
    const state = {
      server, marks, focus, matches: null, index: focus, version: 0, zoom: 1,
      near: new Set(), filled: new Set(all("[data-filled]", pane)), pending: new Map(),
    };
    states.set(pane, state);
    all(".text-parts .leaf:not([data-filled])", pane).forEach(reserve);
    const observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) state.near.add(target);
        else state.near.delete(target);
      }
      setTimeout(() => {
        for (const each of state.near) if (isVisible(each)) fill(pane, each);
      }, SETTLED);
    }, { root: area(pane), rootMargin: "100% 0px" });
    for (const each of all(".leaf", pane)) observer.observe(each);
    let framed = false;
    area(pane).addEventListener("scroll", () => {
      if (!framed) requestAnimationFrame(() => { framed = false; showPage(pane); });
      framed = true;
    });
    const field = one(".find input", pane);
    let typing;
    field.addEventListener("input", () => {
      clearTimeout(typing);
      typing = setTimeout(() => search(pane, field.value), TYPED);
    });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") {
        event.preventDefault();
        if (state.searched === field.value && state.matches) move(event.shiftKey ? -1 : 1);
        else search(pane, field.value);
      } else if (event.key === "Escape" && field.value) {
        event.stopPropagation();
        event.preventDefault();
        field.value = "";
        search(pane, "");
      }
    });
    one(".page-number input", pane)?.addEventListener("input", ({ target }) => (target.dataset.typing = "yes"));
    one(".page-number input", pane)?.addEventListener("change", ({ target }) => {
      delete target.dataset.typing;
      const part = Math.min(Number(target.max), Math.max(1, Number(target.value) || 1)) - 1;
      target.value = part + 1;
      toTop(pane, leaf(pane, part));
    });
    // The picture of a whole page is too small to read on a phone.
    if (pane.dataset.kind === "dialog" && innerWidth < 640 && one(".views", pane)) switchView("text");
    showCount(pane);
    if (marks.length) show(pane, focus);
  };
  const opened = () => {
    const panes = all(".source-pane"), pane = panes.find((each) => !each.dataset.seen);
    if (!pane) return;
    pane.dataset.seen = "1";
    for (const each of panes) if (each !== pane) each.remove();
    if (one(".leaves", pane)) setUp(pane);
    area(pane).focus({ preventScroll: true });
  };
  // No need to wait until a picture is decoded: the size of each page is in the HTML.
  new MutationObserver(opened).observe(document.documentElement, { childList: true, subtree: true });

  return {
    current, move, switchView,
    zoom: (step) => zoom(current(), step),
    connect: (element, server) => servers.set(element, server),
  };
}
