/*
 * Rows that are dragged to another place: [data-drag="INDEX"] is the handle in each row of a table, form[data-move] in that row is sent
 * with `to` set to the place where the row was dropped. Escape puts it back.
 */
for (const handle of document.querySelectorAll("[data-drag]")) {
  const row = handle.closest("tr");
  const form = row.querySelector("form[data-move]");
  if (form === null) continue;
  handle.hidden = false;
  handle.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    drag(handle, { row, form, pointer: event.pointerId });
  });
}

/** Whether one stands in front of the other. */
function comes(one, other) {
  return (one.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
}

function drag(handle, { row, form, pointer }) {
  const body = row.parentElement;
  const rows = [...body.children];
  const start = rows.indexOf(row);
  const first = Number(rows[0].querySelector("[data-drag]").dataset.drag);
  handle.setPointerCapture(pointer);
  row.classList.add("dragging");
  // The others make way: a row that is taken out of the document loses the pointer.
  const before = (next) => {
    while (row.previousElementSibling !== null && next !== null && comes(next, row)) {
      body.insertBefore(row.previousElementSibling, row.nextElementSibling);
    }
    while (row.nextElementSibling !== next) body.insertBefore(row.nextElementSibling, row);
  };
  const move = ({ clientY }) => {
    const others = [...body.children].filter((each) => each !== row);
    const next = others.find((each) => {
      const { top, height } = each.getBoundingClientRect();
      return clientY < top + height / 2;
    });
    before(next ?? null);
  };
  const end = (keep) => {
    row.classList.remove("dragging");
    handle.removeEventListener("pointermove", move);
    handle.removeEventListener("pointerup", up);
    handle.removeEventListener("pointercancel", cancel);
    document.removeEventListener("keydown", escape);
    const at = [...body.children].indexOf(row);
    if (at === start) return;
    if (!keep) return before(rows[start + 1] ?? null);
    const to = document.createElement("input");
    to.type = "hidden";
    to.name = "to";
    to.value = String(first + at);
    form.append(to);
    form.submit();
  };
  const up = () => end(true);
  const cancel = () => end(false);
  const escape = (event) => event.key === "Escape" && end(false);
  handle.addEventListener("pointermove", move);
  handle.addEventListener("pointerup", up);
  handle.addEventListener("pointercancel", cancel);
  document.addEventListener("keydown", escape);
}
