import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
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
    command({ port, directory }) {
      const file = path.join(directory, 'mosquitto.conf');
      mkdirSync(path.join(directory, 'data'), { recursive: true });
      writeFileSync(file, configuration(port, store(directory)));
      return { program, arguments: ['-c', file] };
    },
  };
}

// Started by root it would become another user, who may not write to the directory of the run.
function configuration(port: number, store: string): string {
  return `listener ${port} 127.0.0.1
user root
allow_anonymous true
max_queued_messages 0
max_inflight_messages 0
max_queued_bytes 0
${store}
max_connections -1
set_tcp_nodelay true
log_type error
log_type warning
`;
}
