/**
 * Comfort for the pages of Regain. Every page works without this file; every text that it shows comes from the page.
 * @file
 */

document.documentElement.classList.add('scripted');
focusErrors();
showLocalTimes();
// Pages that bring in content later (the inbox) say so.
document.addEventListener('regain:content', showLocalTimes);
for (const button of all('[data-show]')) enableShow(/** @type {HTMLButtonElement} */ (button));
for (const button of all('[data-forgot]')) button.addEventListener('click', emptyPasswords);
for (const form of all('[data-wait-seconds]')) countDown(/** @type {HTMLFormElement} */ (form));
for (const line of all('[data-status-url]')) followDelivery(line);
for (const line of all('[data-link-status-url]')) followLink(line);
for (const form of all('[data-code-form]')) receiveCode(/** @type {HTMLFormElement} */ (form));
for (const fields of all('[data-password]')) judgeWhileTyping(fields);
for (const form of all('[data-link-form]')) sendFragment(/** @type {HTMLFormElement} */ (form));

/**
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {HTMLElement[]}
 */
function all(selector, root = document) {
  return [...root.querySelectorAll(selector)].map((element) => /** @type {HTMLElement} */ (element));
}

function focusErrors() {
  document.getElementById('errors')?.focus();
}

/** Moments come in UTC; people think in the time of their own clock. */
function showLocalTimes() {
  const page = document.documentElement.lang;
  // Some systems report a language that is none ("en-US@posix"), which no formatter takes.
  const languages = navigator.languages.filter((language) => /^[\w-]+$/.test(language));
  const own = languages.find((language) => language.split('-')[0] === page.split('-')[0]) ?? page;
  for (const time of all('time[data-local]')) {
    const at = new Date(/** @type {HTMLTimeElement} */ (time).dateTime);
    const text = at.toLocaleString(own, { dateStyle: 'medium', timeStyle: 'short' });
    /** @type {HTMLElement} */ (time.firstElementChild ?? time).textContent = text;
  }
}

/** @param {HTMLButtonElement} button */
function enableShow(button) {
  const input = inputOf(button);
  button.hidden = false;
  button.addEventListener('click', () => {
    const { selectionStart, selectionEnd } = input;
    const show = input.type === 'password';
    input.type = show ? 'text' : 'password';
    button.setAttribute('aria-pressed', String(show));
    // The caret is lost with the next layout of the changed field.
    requestAnimationFrame(() => input.setSelectionRange(selectionStart, selectionEnd));
  });
  // Never sent, remembered or restored as readable text.
  input.form?.addEventListener('submit', () => {
    input.type = 'password';
    button.setAttribute('aria-pressed', 'false');
  });
}

/** @param {HTMLElement} button */
function inputOf(button) {
  return /** @type {HTMLInputElement} */ (document.getElementById(button.getAttribute('aria-controls') ?? ''));
}

/** "Forgot password?" carries the identifier to the next page; the password stays here. */
function emptyPasswords() {
  for (const input of all('input[type="password"], .secret input')) /** @type {HTMLInputElement} */ (input).value = '';
}

/**
 * Shows the time until "send again" in the button's description, which is not a live region.
 * @param {HTMLFormElement} form
 */
function countDown(form) {
  const button = form.querySelector('button');
  const text = form.querySelector('.hint');
  const readyAt = performance.now() + Number(form.dataset.waitSeconds) * 1000;
  if (!button || !text) return;
  button.disabled = true;
  const tick = () => {
    const left = Math.ceil((readyAt - performance.now()) / 1000);
    if (left > 0) {
      const time = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
      text.textContent = (form.dataset.waitText ?? '').replace('{time}', time);
      return;
    }
    clearInterval(timer);
    button.disabled = false;
    button.removeAttribute('aria-describedby');
    text.remove();
  };
  const timer = setInterval(tick, 1000);
  tick();
}

/**
 * Says what became of the message, while the page is seen. The line is a status, so only a change is read out.
 * @param {HTMLElement} line
 */
function followDelivery(line) {
  const text = line.querySelector('[role="status"]');
  /** @param {{ delivery: string, state: string, words?: string }} news */
  const show = ({ delivery, state, words = line.dataset[delivery] }) => {
    // Confirmed through the mail's link, in another tab of this browser.
    if (state === 'verified') location.reload();
    if (words === undefined || !text || words === text.textContent) return;
    line.dataset.delivery = delivery;
    text.textContent = words;
  };
  const isOver = () => line.dataset.delivery === 'delivered' || line.dataset.delivery === 'failed';
  let stop = () => {};
  let isAsking = false;
  const listen = () => {
    if (document.hidden || isAsking || isOver()) return;
    stop = listenForNews(line.dataset.statusUrl ?? '', {
      heard(news) {
        show(news);
        if (isOver()) stop();
      },
      unheard() {
        isAsking = true;
        askForNews(line, show, isOver);
      },
    });
  };
  // A tab that nobody looks at holds no connection: a browser has six for all tabs of a shop.
  document.addEventListener('visibilitychange', () => (document.hidden ? stop() : listen()));
  // "Back" may bring the page again as it was.
  addEventListener('pagehide', () => stop());
  addEventListener('pageshow', ({ persisted }) => persisted && listen());
  listen();
}

/**
 * Server-sent events. A browser comes again by itself after a tunnel; it gives up where the server has no place for one
 * more, and a proxy may hold back what is to come piece by piece: then nothing was heard after five seconds.
 * @param {string} url
 * @param {{ heard: (news: { delivery: string, state: string, words?: string }) => void, unheard: () => void }} options
 * @returns {() => void} stops
 */
function listenForNews(url, { heard, unheard }) {
  const events = new EventSource(url);
  const silence = setTimeout(giveUp, 5000);
  events.addEventListener('message', ({ data }) => {
    clearTimeout(silence);
    heard(JSON.parse(data));
  });
  events.addEventListener('error', () => {
    if (events.readyState === EventSource.CLOSED) giveUp();
  });
  return stop;

  function giveUp() {
    stop();
    unheard();
  }

  function stop() {
    clearTimeout(silence);
    events.close();
  }
}

/**
 * Asks every 2 seconds while the message waits to leave, for 2 minutes, then more slowly; stops when nothing more can happen.
 * @param {HTMLElement} line
 * @param {(news: { delivery: string, state: string, words?: string }) => void} show
 * @param {() => boolean} isOver
 */
function askForNews(line, show, isOver) {
  const startedAt = performance.now();
  const again = () => {
    const elapsed = performance.now() - startedAt;
    const waiting = line.dataset.delivery === 'queued' && elapsed < 120_000;
    if (elapsed < 15 * 60_000) setTimeout(ask, waiting ? 2000 : 15_000);
  };
  const ask = async () => {
    if (document.hidden) {
      document.addEventListener('visibilitychange', ask, { once: true });
      return;
    }
    try {
      const response = await fetch(line.dataset.statusUrl ?? '', { headers: { accept: 'application/json' } });
      if (response.status === 404) return;
      if (response.ok) show(await response.json());
    } catch {
      // Offline for a moment: the next round asks again.
    }
    if (!isOver()) again();
  };
  ask();
}

/**
 * Waits for the messenger: every 2 seconds while the page is seen, until the link ends. What comes next is another page.
 * @param {HTMLElement} line
 */
function followLink(line) {
  const again = () => setTimeout(ask, 2000);
  const ask = async () => {
    if (document.hidden) {
      document.addEventListener('visibilitychange', ask, { once: true });
      return;
    }
    try {
      const response = await fetch(line.dataset.linkStatusUrl ?? '', { headers: { accept: 'application/json' } });
      // Signed out elsewhere: the answer is another page.
      if (response.redirected) return location.reload();
      if (response.ok && (await response.json()).state !== 'waiting') return location.reload();
    } catch {
      // Offline for a moment: the next round asks again.
    }
    again();
  };
  again();
}

/**
 * WebOTP: where the browser can read the code from a text message and the person agrees, it is filled in and sent.
 * @param {HTMLFormElement} form
 */
function receiveCode(form) {
  const input = form.querySelector('input');
  if (!input || !('OTPCredential' in window)) return;
  const abort = new AbortController();
  form.addEventListener('submit', () => abort.abort());
  const request = /** @type {CredentialRequestOptions} */ ({ otp: { transport: ['sms'] }, signal: abort.signal });
  navigator.credentials.get(request).then(
    (credential) => {
      input.value = /** @type {{ code?: string }} */ (/** @type {unknown} */ (credential)).code ?? '';
      if (input.value !== '') form.requestSubmit();
    },
    () => {
      // Declined, timed out or aborted: the person types the code.
    },
  );
}

/**
 * The link of a mail carries its token behind the #, which reaches no server and no log by itself.
 * @param {HTMLFormElement} form
 */
function sendFragment(form) {
  const token = location.hash.slice(1);
  const input = form.querySelector('input');
  if (token === '' || !input) return;
  input.value = token;
  history.replaceState(null, '', location.pathname);
  form.submit();
}

/** @param {HTMLElement} fields */
function judgeWhileTyping(fields) {
  const [first, second] = all('.secret input', fields).map((input) => /** @type {HTMLInputElement} */ (input));
  if (!first || !second) return;
  const judge = verdicts(fields);
  // What is sent is judged there; an answer that comes afterwards may be of an attempt that is over.
  first.form?.addEventListener('submit', judge.stop);
  const compare = () => compareFields(fields, first, second);
  first.addEventListener('input', () => {
    judge.ask(first.value);
    compare();
  });
  second.addEventListener('input', compare);
}

/**
 * Asks for a verdict 300 ms after the last key; an answer to an older question is dropped.
 * @param {HTMLElement} fields
 * @returns {{ ask: (password: string) => void, stop: () => void }}
 */
function verdicts(fields) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let abort = new AbortController();
  /** @param {string} password */
  const ask = async (password) => {
    abort = new AbortController();
    const body = new URLSearchParams({ password });
    for (const name of ['name', 'birthday_day', 'birthday_month', 'birthday_year']) {
      const input = /** @type {HTMLInputElement | null} */ (document.getElementById(name));
      if (input) body.set(name, input.value);
    }
    try {
      const request = { method: 'POST', body, signal: abort.signal, headers: { accept: 'application/json' } };
      const response = await fetch(fields.dataset.judgeUrl ?? '', request);
      if (response.ok) showVerdict(fields, await response.json());
    } catch {
      // Aborted by the next key, or offline: the server judges again when the form is sent.
    }
  };
  const stop = () => {
    clearTimeout(timer);
    abort.abort();
  };
  return {
    stop,
    ask(password) {
      stop();
      if (password === '') clearVerdict(fields);
      else timer = setTimeout(ask, 300, password);
    },
  };
}

/**
 * @param {HTMLElement} fields
 * @param {{ accepted: boolean, score: number, rules: { key: string, met: boolean }[], reasons: { message: string }[], advice?: string }} verdict
 */
function showVerdict(fields, verdict) {
  const { dataset } = fields;
  for (const { key, met } of verdict.rules) markRule(fields, key, met);
  const meter = one(fields, '[data-meter]');
  const word = JSON.parse(dataset.scores ?? '[]')[verdict.score] ?? '';
  meter.hidden = false;
  meter.dataset.score = String(verdict.score);
  all('i', meter).forEach((bar, at) => {
    bar.classList.toggle('on', at < Math.max(1, verdict.score));
  });
  one(fields, '[data-meter-text]').textContent = word;
  const line = one(fields, '[data-verdict]');
  const why = verdict.accepted ? dataset.accepted : (verdict.reasons[0]?.message ?? dataset.notYet);
  line.textContent = [why, verdict.advice].filter(Boolean).join(' ');
  line.classList.toggle('right', verdict.accepted);
}

/** @param {HTMLElement} fields */
function clearVerdict(fields) {
  one(fields, '[data-meter]').hidden = true;
  one(fields, '[data-verdict]').textContent = '';
  for (const rule of all('[data-rule]', fields)) {
    rule.classList.remove('met');
    one(rule, '[data-rule-state]').textContent = '';
  }
}

/**
 * @param {HTMLElement} fields
 * @param {string} key
 * @param {boolean} met
 */
function markRule(fields, key, met) {
  const rule = all('[data-rule]', fields).find((item) => item.dataset.rule === key);
  if (!rule) return;
  rule.classList.toggle('met', met);
  one(rule, '[data-rule-state]').textContent = ` (${met ? fields.dataset.met : fields.dataset.unmet})`;
}

/**
 * @param {HTMLElement} fields
 * @param {HTMLInputElement} first
 * @param {HTMLInputElement} second
 */
function compareFields(fields, first, second) {
  const line = one(fields, '[data-match]');
  const same = first.value === second.value;
  // While the beginning is right there is nothing to say yet.
  const silent = second.value === '' || (!same && first.value.startsWith(second.value));
  const text = silent ? '' : ((same ? fields.dataset.same : fields.dataset.different) ?? '');
  if (line.textContent !== text) line.textContent = text;
  line.classList.toggle('right', same);
}

/**
 * @param {ParentNode} root
 * @param {string} selector
 */
function one(root, selector) {
  return /** @type {HTMLElement} */ (root.querySelector(selector));
}
