// The page is a client like the others: it shows what is published, and publishes what is wished for.
import mqtt from './mqtt.js';

const element = (id) => document.getElementById(id);
const url = `${location.protocol.replace('http', 'ws')}//${location.host}/mqtt`;

/** Items of the lists, by what they show. */
const items = new Map();
let client;
let target = 20;

element('login').addEventListener('submit', (event) => {
  event.preventDefault();
  const login = new FormData(event.target);
  element('refusal').textContent = '';
  client = mqtt.connect(url, {
    protocolVersion: 5,
    username: login.get('name'),
    password: login.get('password'),
  });
  client.on('connect', onConnect);
  client.on('close', () => {
    element('connection').textContent = 'not connected';
  });
  client.on('error', (error) => {
    element('refusal').textContent = error.message;
    client.end(true);
  });
  client.on('message', (topic, payload) => show(topic.split('/'), payload.toString()));
});

function onConnect() {
  element('connection').textContent = 'connected';
  element('login').hidden = true;
  element('house').hidden = false;
  client.subscribe(
    [
      'home/+/temperature',
      'home/+/boiler',
      'home/+/target',
      'home/+/light',
      'status/+',
      'log/latest',
    ],
    { qos: 1 },
  );
}

function show([first, second, third], value) {
  if (first === 'status') showDevice(second, value);
  else if (first === 'log') showLog(JSON.parse(value));
  else if (third === 'light') showLight(second, value);
  else if (['temperature', 'boiler', 'target'].includes(third)) showClimate(third, value);
}

function showClimate(name, value) {
  element(name).textContent = name === 'target' ? Number(value).toFixed(1) : value;
  element(name).dataset.value = value;
  if (name === 'target') target = Number(value);
}

function showLight(room, value) {
  const button = item('lights', room, () => {
    const made = document.createElement('button');
    made.type = 'button';
    made.className = 'switch';
    made.setAttribute('role', 'switch');
    made.setAttribute('aria-label', `Light in the ${nameOf(room)}`);
    made.addEventListener('click', () => {
      const wish = made.getAttribute('aria-checked') === 'true' ? 'off' : 'on';
      client.publish(`home/${room}/light/set`, wish, { qos: 1 });
    });
    return made;
  });
  button.setAttribute('aria-checked', String(value === 'on'));
}

function showDevice(name, value) {
  const state = item('devices', name, () => document.createElement('span'));
  state.textContent = value;
  state.className = value;
}

function showLog(entries) {
  element('log').replaceChildren(
    ...entries.map(({ at, topic, value }) => {
      const time = document.createElement('time');
      time.dateTime = at;
      time.textContent = new Date(at).toLocaleTimeString('en-GB');
      return listItem(`${topic}: ${value}`, time);
    }),
  );
}

/** What stands beside a name in a list; the list stays in order. */
function item(list, name, create) {
  const found = items.get(`${list}/${name}`);
  if (found !== undefined) return found;
  const made = create();
  items.set(`${list}/${name}`, made);
  const entry = listItem(nameOf(name), made);
  const next = [...element(list).children].find((other) => other.textContent > entry.textContent);
  element(list).insertBefore(entry, next ?? null);
  return made;
}

function listItem(text, beside) {
  const entry = document.createElement('li');
  const label = document.createElement('span');
  label.textContent = text; // never as HTML: it came over the network
  entry.append(label, beside);
  return entry;
}

function nameOf(topicLevel) {
  return topicLevel.replaceAll('-', ' ');
}

for (const [id, step] of [
  ['cooler', -0.5],
  ['warmer', 0.5],
]) {
  element(id).addEventListener('click', () => {
    client.publish('home/living-room/target/set', String(target + step), { qos: 1 });
  });
}
