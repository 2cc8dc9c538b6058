/* The queue's list: a box that ticks all, and a question before what cannot be undone or concerns more than what is ticked. */
for (const form of document.querySelectorAll("form[data-queue]")) {
  form.querySelector("[data-select-all]")?.addEventListener("change", ({ target }) => {
    for (const box of form.querySelectorAll("input[name=mid]")) box.checked = target.checked;
  });
  const scope = form.querySelector("#scope");
  for (const button of form.querySelectorAll("button[data-sure]")) {
    button.addEventListener("click", () => {
      const grave = ["delete", "bounce"].includes(button.value) || scope.value !== "selected";
      if (grave) button.dataset.confirm = button.dataset.sure;
      else delete button.dataset.confirm;
    });
  }
}
