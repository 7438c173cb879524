// The options of a question. The typed conditions are the filter; pickers and sources write into them and show them.
({ one, all }) => {
  const CONDITION = /^([^<>=!]+?) ?(>=|<=|!=|=|>|<)(.*)$/s;
  const field = () => one("#where textarea");

  // A line as its field and its alternatives: `country=A or country=B`.
  const parse = (line) => {
    const name = CONDITION.exec(line)?.[1].trim() ?? "", escaped = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const parts = name ? line.split(new RegExp(` or (?=${escaped} ?[<>=!])`, "i")) : [];
    const alternatives = parts.map((part) => CONDITION.exec(part)).map((found) => ({
      operator: found?.[2] ?? "", value: found?.[3].trim() ?? "",
    }));
    return { line, name: name.toLowerCase(), alternatives };
  };
  const conditions = () => field().value.split("\n").map((line) => line.trim()).filter(Boolean).map(parse);
  const same = (a, b) => a.toLowerCase() === b.toLowerCase();
  const replace = (isOwned, lines) => {
    field().value = [...conditions().filter((each) => !isOwned(each)).map((each) => each.line), ...lines].join("\n");
    field().dispatchEvent(new Event("input", { bubbles: true }));
  };
  const setValue = (input, value) => {
    if (input !== document.activeElement) input.value = value;
  };

  // A date as precise as it has to be: "from" the first day of a year or month, or "to" its last, names just that, so
  // that it includes documents that are dated no more precisely.
  const shorten = (date, operator) => {
    const [year, month, day] = date.split("-").map(Number);
    const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
    if (day !== (operator === ">=" ? 1 : last)) return date;
    return month === (operator === ">=" ? 1 : 12) ? date.slice(0, 4) : date.slice(0, 7);
  };
  const lengthen = (date, operator) => {
    const [year, month = operator === ">=" ? "01" : "12", day] = date.split("-");
    const last = String(new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate());
    return `${year}-${month}-${day ?? (operator === ">=" ? "01" : last)}`;
  };

  // Whether a condition is the picker's, what the picker says, and how it shows its conditions.
  const kinds = {
    values: {
      owns: (picker, { alternatives }) => alternatives.every(
        ({ operator, value }) => operator === "=" && all("input", picker).some((each) => same(each.value, value)),
      ),
      lines: (picker) => {
        const ticked = all("input:checked", picker).map((each) => `${picker.dataset.field}=${each.value}`);
        return ticked.length ? [ticked.join(" or ")] : [];
      },
      show: (picker, shown) => {
        const values = shown.flatMap((each) => each.alternatives.map(({ value }) => value));
        for (const each of all("input", picker)) each.checked = values.some((value) => same(value, each.value));
      },
    },
    range: {
      owns: (picker, { alternatives }) =>
        alternatives.length === 1 && [">=", "<="].includes(alternatives[0].operator),
      lines: (picker) => all("input", picker).filter((each) => each.value).map(({ value, dataset: { end } }) =>
        `${picker.dataset.field}${end}${picker.dataset.kind === "date" ? shorten(value, end) : value}`),
      show: (picker, shown) => {
        for (const input of all("input", picker)) {
          const { end } = input.dataset;
          const value = shown.map((each) => each.alternatives[0]).find((each) => each.operator === end)?.value ?? "";
          setValue(input, value && picker.dataset.kind === "date" ? lengthen(value, end) : value);
        }
      },
    },
    text: {
      owns: (picker, { alternatives }) =>
        alternatives.length === 1 && alternatives[0].operator === "=" && /^\*.+\*$/s.test(alternatives[0].value),
      lines: (picker) => {
        const text = one("input", picker).value.trim();
        return text ? [`${picker.dataset.field}=*${text}*`] : [];
      },
      show: (picker, shown) => setValue(one("input", picker), shown[0]?.alternatives[0].value.slice(1, -1) ?? ""),
    },
  };
  const kindOf = (picker) => kinds[picker.dataset.kind] ?? kinds.range;
  const owns = (picker, condition) =>
    condition.name === picker.dataset.field && condition.alternatives.length > 0 && kindOf(picker).owns(picker, condition);

  // Sources are excluded one by one (`path!=a`), or the few that are left are named (`path=a or path=b`).
  const boxes = () => all("#sources li input");
  const isOfSources = ({ name, alternatives }) => name === "path" && alternatives.length > 0 && (
    alternatives.every(({ operator, value }) => operator === "=" && boxes().some((each) => same(each.value, value))) ||
    (alternatives[0].operator === "!=" && (alternatives[0].value === "*" || boxes().some((each) => same(each.value, alternatives[0].value))))
  );
  const writeSources = () => {
    const ticked = boxes().filter((each) => each.checked), others = boxes().filter((each) => !each.checked);
    let lines = others.map((each) => `path!=${each.value}`);
    if (!ticked.length) lines = ["path!=*"];
    else if (ticked.length < others.length) lines = [ticked.map((each) => `path=${each.value}`).join(" or ")];
    replace(isOfSources, lines);
  };
  const showSources = (shown) => {
    const named = shown.filter((each) => each.alternatives[0].operator === "=");
    const included = named.flatMap((each) => each.alternatives.map(({ value }) => value.toLowerCase()));
    const excluded = shown.filter((each) => !named.includes(each)).map((each) => each.alternatives[0].value.toLowerCase());
    for (const each of boxes()) {
      const value = each.value.toLowerCase();
      each.checked = !excluded.includes("*") && !excluded.includes(value) && (!named.length || included.includes(value));
    }
    const ticked = boxes().filter((each) => each.checked).length, count = one("#sources .count");
    if (count) count.textContent = ticked ? `${ticked} of ${boxes().length} sources may answer.` : "No source is ticked, so nothing can be found.";
    return ticked < boxes().length ? `${ticked} of ${boxes().length}` : "";
  };

  // --- the buttons ---
  const button = (name) => one(`#options-bar [data-option="${name}"]`);
  const showState = (name, text) => {
    const state = one(".state", button(name));
    state.textContent = text;
    button(name).classList.toggle("active", text !== "");
  };
  const showOption = (name) => {
    one("#options").dataset.open = name;
    for (const each of all("#options-bar button")) each.setAttribute("aria-expanded", each.dataset.option === name);
  };

  const showFilters = () => {
    const found = conditions();
    for (const picker of all("#pickers .picker")) {
      kindOf(picker).show(picker, found.filter((each) => owns(picker, each)));
    }
    const ofSources = found.filter(isOfSources), others = found.length - ofSources.length;
    showState("sources", showSources(ofSources));
    showState("filters", others ? String(others) : "");
  };
  return {
    options: (element) => element.addEventListener("click", (event) => {
      const pressed = event.target.closest("button");
      if (pressed) showOption(pressed.getAttribute("aria-expanded") === "true" ? "" : pressed.dataset.option);
    }),
    pickers: (element) => {
      element.addEventListener("input", (event) => {
        const picker = event.target.closest(".picker");
        if (picker) replace((each) => owns(picker, each), kindOf(picker).lines(picker));
      });
      element.addEventListener("click", (event) => event.target.closest("[data-clear]") && replace((each) => !isOfSources(each), []));
    },
    sources: (element) => {
      element.addEventListener("input", ({ target }) => {
        if (target.type === "checkbox") return writeSources();
        const text = target.value.trim().toLowerCase();
        for (const each of all("li", element)) each.hidden = !each.textContent.toLowerCase().includes(text);
      });
      element.addEventListener("click", (event) => {
        const tick = event.target.closest("[data-tick]")?.dataset.tick;
        if (!tick) return;
        for (const each of all("li", element)) if (!each.hidden) one("input", each).checked = tick === "all";
        writeSources();
      });
      showFilters();
    },
    showFilters,
    showConfidence: (percent) => (one(".state", button("confidence")).textContent = `${percent}%`),
    // Closes the open option; false if there is none.
    closeOption: () => {
      const name = one("#options").dataset.open;
      if (!name) return false;
      showOption("");
      button(name).focus();
      return true;
    },
  };
}
