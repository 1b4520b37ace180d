import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { certificateIn } from '../certificate.ts';
import type { Load } from '../load.ts';
import type { Broker } from './broker.ts';

const program = '/usr/sbin/mosquitto';

/** Mosquitto as Debian packages it, with its queues unbounded and its state in memory. */
export const mosquitto: Broker = measuredMosquitto('mosquitto', () => 'persistence false');

/** Mosquitto that saves its state to a file: every half hour, its default, and when it ends. */
export const mosquittoDisk: Broker = measuredMosquitto(
  'mosquitto-disk',
  (directory) => `persistence true\npersistence_location ${directory}/data/`,
);

function measuredMosquitto(name: string, store: (directory: string) => string): Broker {
  return {
    name,
    peers: [],
    knownFaults: [],
    isRelay: false,
    unavailable: () =>
      existsSync(program) ? undefined : `${program} is missing (Debian: apt-get install mosquitto)`,
    version() {
      const { stdout } = spawnSync(program, ['-h'], { encoding: 'utf8', timeout: 5_000 });
      return /version (\S+)/.exec(stdout)?.[1] ?? 'unknown';
    },
    command({ port, directory, scenario }) {
      const file = path.join(directory, 'mosquitto.conf');
      mkdirSync(path.join(directory, 'data'), { recursive: true });
      writeFileSync(
        file,
        [configuration(port, store(directory)), ...forLoad(scenario.load, directory)].join('\n'),
      );
      return { program, arguments: ['-c', file] };
    },
  };
}

/** What only some loads need. It is about the listener before it. */
function forLoad(load: Load, directory: string): string[] {
  const { cert, key } = load.tls === 1 ? certificateIn(directory) : {};
  return [
    ...(load.ws === 1 ? ['protocol websockets'] : []),
    ...(cert === undefined ? [] : [`certfile ${cert}`, `keyfile ${key}`]),
    // It would send a copy for each filter that matches.
    ...(load.overlap === 1 ? ['allow_duplicate_messages false'] : []),
  ];
}

// Started by root it would become another user, who may not write to the directory of the run.
function configuration(port: number, store: string): string {
  return `listener ${port} 127.0.0.1
user root
max_connections -1
allow_anonymous true
max_queued_messages 0
max_inflight_messages 0
max_queued_bytes 0
${store}
set_tcp_nodelay true
log_type error
log_type warning
`;
}
