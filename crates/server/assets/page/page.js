'use strict';
// The engine's plain page: asks once, then asks again for what the events name. It holds no rules.

const PAGE_ROWS = 200;
const TOKEN = 'openprod.token';
const $ = (id) => document.getElementById(id);

const state = {
  token: null,
  workspace: null, // {workspace_id, name, actor_id}
  workspaces: [],
  tables: [],
  table: null, // id of the selected one
  view: 'records',
  cursors: [null], // where each page up to the present one begins
  next: null,
  sort: null, // {field, descending}
  peers: [],
};

// ---- Asking

class Refusal extends Error {
  constructor(problem) {
    super(problem.detail || problem.title || 'The engine refused.');
    this.problem = problem;
  }
}

async function ask(path, body) {
  const options = { headers: {} };
  if (state.token) options.headers.Authorization = `Bearer ${state.token}`;
  if (body !== undefined) {
    options.method = 'POST';
    options.headers['Content-Type'] = 'application/json';
    options.body = JSON.stringify(body);
  }
  const response = await fetch(path, options);
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({ title: `HTTP ${response.status}` }));
  if (problem.code === 'unauthorized') lock();
  throw new Refusal(problem);
}

function get(path, query = {}) {
  const parameters = new URLSearchParams();
  if (state.workspace) parameters.set('workspace', state.workspace.workspace_id);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') parameters.set(name, value);
  }
  return ask(`${path}?${parameters}`);
}

function post(path, body = {}) {
  return ask(path, { ...body, workspace: state.workspace.workspace_id });
}

/** Runs an action and shows its failure, if any. */
async function attempt(action) {
  try {
    return await action();
  } catch (error) {
    if (error.problem?.code !== 'unauthorized') complain(error.message);
    return undefined;
  }
}

/** Runs an asking at most once at a time, and once more when it was wanted meanwhile. */
function settled(asking) {
  let running = false;
  let again = false;
  return async function run() {
    if (running) {
      again = true;
      return;
    }
    running = true;
    do {
      again = false;
      await attempt(asking);
    } while (again);
    running = false;
  };
}

// ---- Showing

function node(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'class') element.className = value;
    else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function complain(text) {
  $('alert').firstElementChild.textContent = text;
  $('alert').hidden = false;
}

function say(text) {
  $('status').textContent = text;
}

function shown(value) {
  if (value === null || value === undefined) return '';
  if (typeof value === 'object') return value.name || value.blob || value.entity;
  if (value === true) return 'yes';
  if (value === false) return 'no';
  return String(value);
}

function when(at) {
  const date = new Date(at);
  return Number.isNaN(date.valueOf()) ? at : date.toLocaleString([], { dateStyle: 'medium', timeStyle: 'medium' });
}

function who(actor) {
  if (actor === state.workspace.actor_id) return 'You, on this computer';
  const peer = state.peers.find((candidate) => candidate.peer_id === actor);
  return peer?.name || `Key ${actor.slice(0, 8)}`;
}

function syncWords(sync) {
  switch (sync.state) {
    case 'alone': return 'Alone (saved here)';
    case 'looking': return 'Looking';
    case 'live': return `Live with ${sync.peers}`;
    case 'catching_up': return `Catching up ${sync.behind}`;
    case 'paused': return 'Paused (saved here)';
    default: return sync.reason ? `Problem: ${sync.reason}` : 'Problem';
  }
}

function show(view) {
  state.view = view;
  for (const section of document.querySelectorAll('main > section')) section.hidden = section.id !== view;
  markCurrent();
}

function markCurrent() {
  for (const button of document.querySelectorAll('#side button')) {
    const current = button.dataset.view === state.view || (state.view === 'records' && button.dataset.table === state.table);
    if (current) button.setAttribute('aria-current', 'page');
    else button.removeAttribute('aria-current');
  }
}

function lock() {
  sessionStorage.removeItem(TOKEN);
  state.token = null;
  for (const id of ['side', 'sync', 'pause', 'invite']) $(id).hidden = true;
  show('locked');
}

// ---- Loading

const loadWorkspaces = settled(async () => {
  const { workspaces, broken } = await ask('/workspace/list');
  state.workspaces = workspaces;
  if (broken.length > 0) complain(broken.map((one) => `Workspace ${one.workspace_id} cannot be opened: ${one.reason}`).join('\n'));
  const kept = workspaces.find((one) => one.workspace_id === state.workspace?.workspace_id);
  const before = state.workspace?.workspace_id;
  state.workspace = kept || workspaces[0] || null;
  $('workspace').replaceChildren(...workspaces.map((one) =>
    node('option', { value: one.workspace_id, selected: one === state.workspace }, one.name)));
  document.querySelector('.pick').hidden = workspaces.length < 2;
  $('name').textContent = workspaces.length === 1 ? state.workspace.name : '';
  document.title = state.workspace ? `${state.workspace.name} – OpenProd` : 'OpenProd';
  for (const id of ['side', 'sync', 'pause', 'invite']) $(id).hidden = !state.workspace;
  if (!state.workspace) show('welcome');
  else if (state.workspace.workspace_id !== before) openWorkspace();
});

function openWorkspace() {
  state.table = null;
  state.tables = [];
  show('records');
  loadEverything();
}

function loadEverything() {
  loadTables();
  loadStatus();
  loadPeers();
  loadConflicts();
}

const loadTables = settled(async () => {
  if (!state.workspace) return;
  const { tables } = await get('/tables/list');
  state.tables = tables;
  if (!tables.some((table) => table.table_id === state.table)) {
    state.table = tables[0]?.table_id ?? null;
    firstPage();
  }
  $('tables').replaceChildren(...tables.map((table) => node('li', {}, node('button', {
    type: 'button',
    'data-table': table.table_id,
    onclick: () => openTable(table.table_id),
  }, table.name, node('span', { class: 'count' }, table.records.toLocaleString())))));
  markCurrent();
  await loadRecords();
});

function openTable(id) {
  state.table = id;
  state.sort = null;
  $('search').value = '';
  firstPage();
  show('records');
  loadRecords();
}

function firstPage() {
  state.cursors = [null];
  state.next = null;
}

const loadRecords = settled(async () => {
  const table = state.tables.find((one) => one.table_id === state.table);
  $('table-name').textContent = table?.name ?? 'No tables yet';
  if (!table) {
    $('grid').tHead.replaceChildren();
    $('grid').tBodies[0].replaceChildren();
    $('total').textContent = '';
    $('empty').textContent = 'Tables appear here as soon as this workspace has some. `openprod import` makes one from a CSV file.';
    $('empty').hidden = false;
    return;
  }
  const { sort, cursors } = state;
  const page = await get('/records/list', {
    table: table.table_id,
    limit: PAGE_ROWS,
    cursor: cursors[cursors.length - 1],
    q: $('search').value.trim(),
    sort: sort && `${sort.field}:${sort.descending ? 'desc' : 'asc'}`,
  });
  state.next = page.next_cursor;
  renderGrid(table, page);
});

const loadStatus = settled(async () => {
  if (!state.workspace) return;
  const status = await get('/workspace/status');
  $('sync').textContent = syncWords(status.sync);
  $('sync').dataset.state = status.sync.state;
  $('pause').textContent = status.sync.state === 'paused' ? 'Resume' : 'Pause';
  $('state-hash').textContent =
    `${status.operations.toLocaleString()} operations in ${status.bundles.toLocaleString()} bundles. State ${status.state_hash.slice(0, 16)}`;
  $('state-hash').title = status.state_hash;
  renderHeld(status.sync.held, status.forks);
});

const loadPeers = settled(async () => {
  if (!state.workspace) return;
  const { peers } = await get('/peers/list');
  state.peers = peers;
  const connected = peers.filter((peer) => peer.connected).length;
  $('peer-count').textContent = connected;
  $('peer-list').hidden = peers.length === 0;
  $('no-peers').hidden = peers.length > 0;
  $('peer-list').tBodies[0].replaceChildren(...peers.map((peer) => node('tr', {},
    node('th', { scope: 'row' }, peer.name || '–'),
    node('td', {}, peer.connected ? 'Connected' : `Away${peer.problem ? `: ${peer.problem}` : ''}`),
    node('td', { class: 'number' }, peer.behind.toLocaleString()),
    node('td', { class: 'number' }, peer.ahead.toLocaleString()),
    node('td', {}, skew(peer.skew_ms)),
    node('td', { class: 'mono' }, peer.address),
    node('td', { class: 'mono', title: peer.peer_id }, peer.peer_id.slice(0, 12)))));
});

function skew(ms) {
  if (Math.abs(ms) < 1000) return 'agrees';
  const amount = Math.abs(ms) < 120_000 ? `${Math.round(Math.abs(ms) / 1000)} s` : `${Math.round(Math.abs(ms) / 60_000)} min`;
  return `${amount} ${ms > 0 ? 'ahead' : 'behind'}`;
}

const loadConflicts = settled(async () => {
  if (!state.workspace) return;
  const { conflicts } = await get('/conflicts/list');
  $('conflict-count').textContent = conflicts.length;
  $('conflict-count').classList.toggle('open', conflicts.length > 0);
  const some = conflicts.slice(0, PAGE_ROWS);
  const titles = await Promise.all(some.map(titleOf));
  const focus = document.activeElement?.dataset.pick;
  $('conflict-list').replaceChildren(...some.map((conflict, place) => conflictCard(conflict, titles[place])));
  if (conflicts.length === 0) $('conflict-list').append(node('li', { class: 'quiet' }, 'None. Everyone agrees.'));
  if (focus) $('conflict-list').querySelector(`[data-pick="${CSS.escape(focus)}"]`)?.focus();
});

async function titleOf(conflict) {
  const table = state.tables.find((one) => one.table_id === conflict.table_id);
  if (conflict.edge_id) return 'Relation';
  if (!table) return conflict.table ?? 'Workspace';
  try {
    const record = await get(`/records/${conflict.entity_id}`, { table: table.table_id });
    const named = table.fields.find((field) => record.fields[field.name] !== null && field.name !== conflict.field);
    return named ? shown(record.fields[named.name]) : conflict.entity_id;
  } catch {
    return conflict.entity_id;
  }
}

function conflictCard(conflict, title) {
  const kinds = { deletion: 'Deleted by one, edited by another', existence: 'Deleted and restored', membership: 'In the table and out of it' };
  const heading = `${conflict.table ? `${conflict.table}: ` : ''}${title} – ${conflict.field ?? kinds[conflict.kind] ?? conflict.kind}`;
  return node('li', { class: 'card' },
    node('h2', {}, heading),
    node('div', { class: 'side-by-side' }, ...conflict.values.map((one) => {
      const isShown = one.op_id === conflict.shown;
      const deletes = conflict.kind !== 'field' && one.field === null;
      const value = deletes ? (one.value === false ? 'Deleted' : 'Kept') : shown(one.value) || '(empty)';
      return node('div', { class: isShown ? 'candidate shown' : 'candidate' },
        node('p', { class: 'value' }, one.field && conflict.kind !== 'field' ? `${one.field}: ${value}` : value),
        node('p', { class: 'quiet' }, `${who(one.actor_id)} · ${when(one.at)}${isShown ? ' · shown now' : ''}`),
        node('button', {
          type: 'button',
          'data-pick': one.op_id,
          'aria-label': `Keep ${value} for ${heading}`,
          onclick: () => attempt(async () => {
            await post('/conflicts/resolve', { conflict_id: conflict.conflict_id, op_id: one.op_id });
            say('Decided.');
            loadConflicts();
          }),
        }, 'Keep this'));
    })));
}

function renderHeld(held, forks) {
  const reasons = { future: 'its clock is ahead', needs_newer_version: 'a newer version wrote it', builds_on_held: 'it builds on one that waits' };
  const cards = held.map((one) => node('div', { class: 'card' },
    node('p', {}, `A change by ${who(one.actor_id)} waits: ${reasons[one.reason]}${one.until ? ` (until ${when(one.until)})` : ''}.`),
    one.reason === 'future' && node('button', {
      type: 'button',
      onclick: () => attempt(async () => {
        await post('/sync/accept', { bundle: one.bundle });
        loadEverything();
      }),
    }, 'Accept now') || null));
  const warnings = forks.map((fork) => node('div', { class: 'card' },
    node('p', {}, `${who(fork.actor_id)} wrote two histories from change ${fork.seq} on: a restored backup, a cloned disk, or fraud. Both are kept.`)));
  $('held').replaceChildren(...cards, ...warnings);
}

// ---- The grid

function renderGrid(table, page) {
  const grid = $('grid');
  const start = (state.cursors.length - 1) * PAGE_ROWS;
  const at = grid.contains(document.activeElement) ? document.activeElement.dataset : null;
  const place = at && { row: at.row, column: at.column };
  const fields = table.fields;
  grid.setAttribute('aria-rowcount', page.total + 1);
  grid.setAttribute('aria-colcount', fields.length + 1);
  grid.tHead.replaceChildren(node('tr', { 'aria-rowindex': 1 },
    node('th', { class: 'row-number', scope: 'col' }, node('span', { class: 'unseen' }, 'Row')),
    ...fields.map((field) => {
      const sorted = state.sort?.field === field.name && (state.sort.descending ? 'descending' : 'ascending');
      const mark = sorted ? (state.sort.descending ? ' ▾' : ' ▴') : '';
      return node('th', { scope: 'col', 'aria-sort': sorted || 'none', title: field.type },
        node('button', { type: 'button', onclick: () => sortBy(field.name) }, `${field.name}${mark}`));
    })));
  grid.tBodies[0].replaceChildren(...page.records.map((record, row) => {
    const contended = new Set(record.conflicts.map((conflict) => conflict.field));
    return node('tr', { 'aria-rowindex': start + row + 2 },
      node('th', { class: 'row-number', scope: 'row' }, String(start + row + 1)),
      ...fields.map((field, column) => {
        const value = record.fields[field.name];
        const text = shown(value);
        const conflict = contended.has(field.name);
        const classes = [typeof value === 'number' ? 'number' : '', conflict ? 'contended' : ''].filter(Boolean).join(' ');
        return node('td', {
          role: 'gridcell',
          class: classes || null,
          title: conflict ? `${text} (conflict)` : text.length > 40 ? text : null,
          'aria-label': conflict ? `${text}, in conflict` : null,
          'data-row': row,
          'data-column': column,
          tabindex: row === 0 && column === 0 ? 0 : -1,
        }, text);
      }));
  }));
  if (place) focusCell(Number(place.row), Number(place.column));
  const last = start + page.records.length;
  $('total').textContent = page.total === 0 ? '' : `${(start + 1).toLocaleString()}–${last.toLocaleString()} of ${page.total.toLocaleString()}`;
  $('empty').textContent = $('search').value.trim() ? 'Nothing contains that text.' : 'No records yet.';
  $('empty').hidden = page.records.length > 0;
  $('previous').disabled = state.cursors.length < 2;
  $('next').disabled = !page.next_cursor;
}

function sortBy(field) {
  if (state.sort?.field !== field) state.sort = { field, descending: false };
  else state.sort = state.sort.descending ? null : { field, descending: true };
  firstPage();
  loadRecords();
}

function focusCell(row, column) {
  const body = $('grid').tBodies[0];
  const line = body.rows[Math.max(0, Math.min(row, body.rows.length - 1))];
  const cell = line?.cells[1 + Math.max(0, Math.min(column, line.cells.length - 2))];
  if (!cell) return;
  for (const other of body.querySelectorAll('td[tabindex="0"]')) other.tabIndex = -1;
  cell.tabIndex = 0;
  cell.focus();
}

function moveInGrid(event) {
  const cell = event.target.closest('td[data-row]');
  if (!cell || event.altKey || event.metaKey) return;
  const [row, column] = [Number(cell.dataset.row), Number(cell.dataset.column)];
  const moves = {
    ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
    PageUp: [row - 20, column], PageDown: [row + 20, column],
    Home: [event.ctrlKey ? 0 : row, 0], End: [event.ctrlKey ? PAGE_ROWS : row, 1_000],
  };
  const move = moves[event.key];
  if (!move) return;
  event.preventDefault();
  focusCell(...move);
}

// ---- Events

let pause = 250;

function follow() {
  const socket = new WebSocket(`ws://${location.host}/ws`);
  socket.addEventListener('open', () => socket.send(JSON.stringify({ type: 'hello', token: state.token })));
  socket.addEventListener('message', (message) => hear(JSON.parse(message.data)));
  socket.addEventListener('close', (event) => {
    if (event.code === 4401) {
      lock();
      return;
    }
    $('sync').textContent = 'Problem: the engine does not answer';
    $('sync').dataset.state = 'problem';
    setTimeout(follow, pause);
    pause = Math.min(pause * 2, 5_000);
  });
}

function hear(event) {
  if (event.workspace && event.workspace !== state.workspace?.workspace_id) return;
  switch (event.type) {
    case 'ready':
      pause = 250;
      loadWorkspaces();
      loadEverything();
      break;
    case 'resync':
      loadWorkspaces();
      loadEverything();
      break;
    case 'workspaces_changed':
      loadWorkspaces();
      break;
    case 'tables_changed':
      loadWorkspaces();
      loadTables();
      break;
    case 'records_changed':
      loadTables();
      loadStatus();
      break;
    case 'conflict_opened':
    case 'conflict_resolved':
      loadConflicts();
      loadRecords();
      break;
    case 'sync_progress':
    case 'sync_state':
      loadStatus();
      loadPeers();
      break;
    case 'sync_peer_connected':
    case 'sync_peer_disconnected':
    case 'clock_suspect':
      loadPeers();
      loadStatus();
      break;
    case 'divergence_detected':
      complain(`${who(event.peer_id)} has the same changes and another state. Run \`openprod verify\` on both computers.`);
      break;
    case 'sync_rejected':
      complain(`What ${who(event.peer_id)} sent was refused: ${event.reason}`);
      break;
    case 'fork_detected':
      complain(`${who(event.actor_id)} wrote two histories from change ${event.seq} on. Both are kept.`);
      loadStatus();
      break;
  }
}

// ---- Beginning

function listen() {
  $('alert').lastElementChild.addEventListener('click', () => { $('alert').hidden = true; });
  $('workspace').addEventListener('change', (event) => {
    state.workspace = state.workspaces.find((one) => one.workspace_id === event.target.value);
    document.title = `${state.workspace.name} – OpenProd`;
    openWorkspace();
  });
  for (const button of document.querySelectorAll('#side button[data-view]')) {
    button.addEventListener('click', () => show(button.dataset.view));
  }
  $('grid').addEventListener('keydown', moveInGrid);
  $('grid').addEventListener('focusin', (event) => {
    const cell = event.target.closest('td[data-row]');
    if (cell && cell.tabIndex !== 0) focusCell(Number(cell.dataset.row), Number(cell.dataset.column));
  });
  $('next').addEventListener('click', () => {
    if (state.next) state.cursors.push(state.next);
    loadRecords();
  });
  $('previous').addEventListener('click', () => {
    if (state.cursors.length > 1) state.cursors.pop();
    loadRecords();
  });
  let typing;
  $('search').addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(() => { firstPage(); loadRecords(); }, 150);
  });
  $('pause').addEventListener('click', () => attempt(async () => {
    await post($('pause').textContent === 'Pause' ? '/sync/pause' : '/sync/resume');
    await loadStatus();
  }));
  $('invite').addEventListener('click', () => attempt(async () => {
    const { invitation } = await post('/workspace/invite');
    $('invitation-text').value = invitation;
    $('invitation-where').textContent = 'On the same network, the others are found by themselves once they have joined.';
    $('invitation').showModal();
    $('invitation-text').select();
  }));
  $('copy').addEventListener('click', () => attempt(async () => {
    await navigator.clipboard.writeText($('invitation-text').value);
    say('Copied.');
    $('copy').textContent = 'Copied';
    setTimeout(() => { $('copy').textContent = 'Copy'; }, 1_500);
  }));
  $('close').addEventListener('click', () => $('invitation').close());
  form('create', (fields) => ask('/workspace/create', { name: fields.name }), loadWorkspaces);
  form('join', (fields) => ask('/workspace/join', {
    invitation: fields.invitation,
    address: fields.address.trim() || null,
  }), loadWorkspaces);
  form('connect', (fields) => post('/peers/connect', { address: fields.address.trim() }), loadPeers);
}

/** Sends a form, and shows that it is on its way. */
function form(id, send, then) {
  $(id).addEventListener('submit', (event) => {
    event.preventDefault();
    const button = $(id).querySelector('button');
    button.disabled = true;
    attempt(async () => {
      await send(Object.fromEntries(new FormData($(id))));
      $(id).reset();
      await then();
    }).finally(() => { button.disabled = false; });
  });
}

async function begin() {
  listen();
  const code = new URLSearchParams(location.hash.slice(1)).get('code');
  if (location.hash) history.replaceState(null, '', location.pathname);
  state.token = sessionStorage.getItem(TOKEN);
  if (code) {
    try {
      state.token = (await ask('/session', { code })).token;
      sessionStorage.setItem(TOKEN, state.token);
    } catch (error) {
      if (!state.token) complain(error.message);
    }
  }
  if (!state.token) {
    lock();
    return;
  }
  follow();
}

begin();
