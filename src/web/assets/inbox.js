/**
 * The development inbox: new messages appear by themselves, codes can be copied.
 * @file
 */

const inbox = /** @type {HTMLElement} */ (document.getElementById('inbox'));
const events = new EventSource(inbox.dataset.eventsUrl ?? '');
/** The first event tells how many messages there are; only a later one brings something new. */
let known = '';
events.addEventListener('message', ({ data }) => {
  if (known !== '' && data !== known) refresh();
  known = data;
});
inbox.addEventListener('click', copy);
showCopyButtons();

async function refresh() {
  const selected = inbox.dataset.selected ?? '';
  const query = selected === '' ? '' : `?message=${encodeURIComponent(selected)}`;
  const response = await fetch(`${inbox.dataset.listUrl}${query}`);
  if (!response.ok) return;
  const focused = document.activeElement?.getAttribute('href');
  inbox.innerHTML = await response.text();
  if (focused) linkTo(focused)?.focus();
  showCopyButtons();
  document.dispatchEvent(new Event('regain:content'));
}

/** @param {string} href */
function linkTo(href) {
  return [...inbox.querySelectorAll('a')].find((link) => link.getAttribute('href') === href);
}

function showCopyButtons() {
  for (const button of inbox.querySelectorAll('button')) button.hidden = !navigator.clipboard;
}

/** @param {MouseEvent} event */
async function copy(event) {
  const button = /** @type {HTMLElement} */ (event.target).closest('button');
  if (!button?.dataset.copy) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  button.textContent = button.dataset.copied ?? '';
}
