/**
 * The development inbox: new messages appear by themselves, codes can be copied.
 * @file
 */

const inbox = /** @type {HTMLElement} */ (document.getElementById('inbox'));
const events = new EventSource(inbox.dataset.eventsUrl ?? '');
/** The first event tells how far it is; only a later one brings something new. */
let known = '';
events.addEventListener('message', ({ data }) => {
  if (known !== '' && data !== known) refresh();
  known = data;
});
inbox.addEventListener('click', copy);
showCopyButtons();

async function refresh() {
  const response = await fetch(inbox.dataset.listUrl ?? '');
  if (!response.ok) return;
  const typed = field()?.value;
  const focused = document.activeElement?.id || document.activeElement?.getAttribute('href');
  inbox.innerHTML = await response.text();
  const now = field();
  if (now && typed) now.value = typed;
  if (focused) (document.getElementById(focused) ?? linkTo(focused))?.focus();
  showCopyButtons();
  document.dispatchEvent(new Event('regain:content'));
}

/** What is being typed in a chat. */
function field() {
  return /** @type {HTMLInputElement | null} */ (inbox.querySelector('#say'));
}

/** @param {string} href */
function linkTo(href) {
  return [...inbox.querySelectorAll('a')].find((link) => link.getAttribute('href') === href);
}

function showCopyButtons() {
  /** @type {HTMLElement} */ for (const button of inbox.querySelectorAll('[data-copy]'))
    button.hidden = !navigator.clipboard;
}

/** @param {MouseEvent} event */
async function copy(event) {
  const button = /** @type {HTMLElement} */ (event.target).closest('[data-copy]');
  if (!button?.dataset.copy) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  button.textContent = button.dataset.copied ?? '';
}
