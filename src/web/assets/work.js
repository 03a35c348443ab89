/**
 * A proof of work before a form is sent, where the page asks for one. Without script, or where anything fails, the form is
 * sent as it is: then the message takes a little longer, or the person is told when to come back.
 * @file
 */

for (const form of document.querySelectorAll('form[data-work-url]')) workFirst(/** @type {HTMLFormElement} */ (form));

/** @param {HTMLFormElement} form */
function workFirst(form) {
  let done = false;
  form.addEventListener('submit', async (event) => {
    if (done) return;
    event.preventDefault();
    const line = form.querySelector('[data-working]');
    if (line) line.textContent = form.dataset.workText ?? '';
    const solution = await solved(form).catch(() => undefined);
    done = true;
    if (solution !== undefined) addField(form, 'work', solution);
    form.requestSubmit(event.submitter);
  });
}

/**
 * The solution as the server reads it: base64 of a JSON document.
 * @param {HTMLFormElement} form
 */
async function solved(form) {
  const identifier = /** @type {HTMLInputElement} */ (form.elements.namedItem('identifier')).value;
  const country = /** @type {HTMLSelectElement | null} */ (form.elements.namedItem('country'));
  const body = new URLSearchParams({ identifier, ...(country ? { country: country.value } : {}) });
  const response = await fetch(form.dataset.workUrl ?? '', { method: 'POST', body });
  if (!response.ok) return undefined;
  const challenge = await response.json();
  const [{ solveChallenge }, { deriveKey }] = await Promise.all([
    import('./altcha/pow.js'),
    import('./altcha/algorithms/web/pbkdf2.js'),
  ]);
  const solution = await solveChallenge({ challenge, deriveKey });
  return solution ? btoa(JSON.stringify({ challenge, solution })) : undefined;
}

/**
 * @param {HTMLFormElement} form
 * @param {string} name
 * @param {string} value
 */
function addField(form, name, value) {
  const input = document.createElement('input');
  Object.assign(input, { type: 'hidden', name, value });
  form.append(input);
}
