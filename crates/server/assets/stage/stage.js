'use strict';
// Shows two engines side by side, and asks how they compare. It holds no rules.

const TOKEN = 'openprod.stage';
const ASK_EVERY_MS = 300;
const $ = (id) => document.getElementById(id);

let token = null;
let wasPulled = false; // whether the cable was pulled since this page was opened
let announced = null;

async function ask(path, body) {
  const options = { headers: token ? { Authorization: `Bearer ${token}` } : {} };
  if (body !== undefined) {
    options.method = 'POST';
    options.headers['Content-Type'] = 'application/json';
    options.body = JSON.stringify(body);
  }
  const response = await fetch(path, options);
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({}));
  throw Object.assign(new Error(problem.detail ?? `HTTP ${response.status}`), { code: problem.code });
}

async function enter() {
  const code = /^#code=([0-9a-f]+)$/i.exec(location.hash)?.[1];
  if (code) {
    history.replaceState(null, '', location.pathname);
    ({ token } = await ask('/session', { code }));
    sessionStorage.setItem(TOKEN, token);
  } else {
    token = sessionStorage.getItem(TOKEN);
  }
}

function complain(text) {
  $('alert').textContent = text;
  $('alert').hidden = text === '';
}

function syncWords(sync) {
  switch (sync.state) {
    case 'live': return `Live with ${sync.peers}`;
    case 'catching_up': return `Catching up ${sync.behind}`;
    case 'looking': return 'Looking';
    case 'paused': return 'Cable pulled';
    case 'problem': return 'Problem';
    default: return 'Alone';
  }
}

/** The first digits, in groups that can be compared at a glance. */
function shortHash(hash) {
  return `${hash.slice(0, 4)} ${hash.slice(4, 8)} ${hash.slice(8, 12)}`;
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function show({ windows, equal, pulled }) {
  windows.forEach((window, index) => {
    const end = $(`end-${index}`);
    write(end.querySelector('.device'), window.name);
    write(end.querySelector('.sync'), syncWords(window.sync));
    const hash = end.querySelector('.hash');
    write(hash, shortHash(window.state_hash));
    hash.title = `State hash of ${window.name}: ${window.state_hash}`;
  });
  $('line').dataset.pulled = String(pulled);
  $('line').dataset.equal = String(equal);
  const conflicts = Math.max(...windows.map((window) => window.conflicts));
  let verdict = equal ? 'Same on both' : 'Different';
  if (conflicts > 0) verdict += `, ${conflicts} ${conflicts === 1 ? 'conflict' : 'conflicts'} to decide`;
  if (verdict !== announced) write($('verdict'), verdict);
  announced = verdict;
  turn($('pull'), $('plug'), pulled);
  wasPulled ||= pulled;
  mark(pulled, equal, conflicts);
}

/** One of the two buttons is good at a time; the keyboard's place goes along. */
function turn(pull, plug, pulled) {
  const focused = document.activeElement === pull || document.activeElement === plug;
  pull.disabled = pulled;
  plug.disabled = !pulled;
  if (focused) (pulled ? plug : pull).focus();
}

function mark(pulled, equal, conflicts) {
  let current = 0;
  if (pulled) current = equal ? 1 : 2;
  else if (conflicts > 0) current = 3;
  else if (wasPulled && !equal) current = 2;
  [...$('steps').children].forEach((step, index) => {
    if (index === current) step.setAttribute('aria-current', 'step');
    else step.removeAttribute('aria-current');
  });
}

async function look() {
  if (!document.hidden) {
    try {
      show(await ask('/stage'));
      complain('');
    } catch (error) {
      if (error.code === 'unauthorized') return lock();
      complain('The demo does not answer. Is it still running in the terminal?');
    }
  }
  setTimeout(look, ASK_EVERY_MS);
}

async function setCable(pulled) {
  try {
    show(await ask('/stage/cable', { pulled }));
  } catch (error) {
    complain(error.message);
  }
}

function lock() {
  sessionStorage.removeItem(TOKEN);
  for (const element of document.querySelectorAll('main, #line, #steps, .buttons')) element.hidden = true;
  $('locked').hidden = false;
}

async function begin() {
  try {
    await enter();
  } catch {
    token = null;
  }
  if (!token) return lock();
  $('pull').addEventListener('click', () => setCable(true));
  $('plug').addEventListener('click', () => setCable(false));
  try {
    const { windows } = await ask('/stage/windows', {});
    windows.forEach((window, index) => {
      const frame = $(`window-${index}`);
      frame.title = window.name;
      frame.src = window.open_url;
    });
  } catch (error) {
    if (error.code === 'unauthorized') return lock();
    complain(error.message);
  }
  return look();
}

begin();
