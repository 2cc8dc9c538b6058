/*
 * Methods and ciphers as they are clicked and typed.
 *
 * - form[data-ssl="SERVICE"]  boxes that would break the sequence of methods are greyed out
 * - [data-suites] in it       is filled with what methods and ciphers come to, shortly after the last key
 */
const quietMs = 300;

for (const form of document.querySelectorAll("form[data-ssl]")) {
  const service = form.dataset.ssl;
  const place = form.querySelector("[data-suites]");
  const ciphers = form.querySelector(`#${service}-ciphers`);
  // Newest first on the page; a reader who may change nothing has all of them disabled.
  const boxes = [...form.querySelectorAll(`input[name="${service}-method"]`)].filter((box) => !box.disabled);
  let timer;
  let asked = 0;

  /** A box may change where what is ticked then is one row without a gap, and not empty. */
  const grey = () => {
    for (const box of boxes) {
      const marks = boxes.map((each) => (each === box ? !each.checked : each.checked) ? "1" : "0").join("");
      box.disabled = !/^0*1+0*$/.test(marks);
    }
  };

  const show = async () => {
    const turn = ++asked;
    const query = new URLSearchParams({ service, ciphers: ciphers.value });
    for (const box of boxes) if (box.checked) query.append("method", box.value);
    const answer = await fetch(`/ssl/suites?${query}`);
    if (answer.status === 401) return location.reload();
    if (!answer.ok || turn !== asked) return;
    const open = place.querySelector("details")?.open ?? false;
    place.innerHTML = await answer.text();
    const list = place.querySelector("details");
    if (list !== null) list.open = open;
  };

  if (boxes.length > 0) {
    grey();
    form.addEventListener("input", (event) => {
      if (boxes.includes(event.target)) grey();
      else if (event.target !== ciphers) return;
      clearTimeout(timer);
      // A gateway that is away shows nothing new; the next key asks again.
      timer = setTimeout(() => show().catch(() => {}), quietMs);
    });
    // What is greyed out is sent all the same.
    form.addEventListener("formdata", ({ formData }) => {
      for (const box of boxes) if (box.disabled && box.checked) formData.append(box.name, box.value);
    });
  }
}
