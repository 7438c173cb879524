// Gradio accepts dropped files but not folders, so this finds the files in a dropped folder and hands them over.
document.addEventListener("drop", async (event) => {
  const area = event.target.closest?.("#upload");
  const input = area?.querySelector("input[type=file]:not([webkitdirectory])");
  const entries = [...(event.dataTransfer?.items ?? [])].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!input || !entries.some((entry) => entry.isDirectory)) return;
  event.preventDefault();
  event.stopPropagation();
  event.target.dispatchEvent(new Event("dragleave", { bubbles: true }));
  const found = new DataTransfer();
  const walk = async (entry) => {
    if (entry.name.startsWith(".")) return;
    if (entry.isFile) {
      found.items.add(await new Promise((done, failed) => entry.file(done, failed)));
      return;
    }
    const reader = entry.createReader();
    // Returns about a hundred entries at a time, and none at the end.
    for (let batch; (batch = await new Promise((done, failed) => reader.readEntries(done, failed))).length; )
      for (const each of batch) await walk(each);
  };
  for (const entry of entries) await walk(entry);
  input.files = found.files;
  input.dispatchEvent(new Event("change"));
}, true);
