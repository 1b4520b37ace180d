import { fileURLToPath } from 'node:url';
import { python } from '../support/foreign.ts';
import { LineProcess } from '../support/line-process.ts';

const program = fileURLToPath(new URL('serial-cable.py', import.meta.url));

/** Two serial ports with a cable between them; pseudo-terminals to the system. */
export class SerialCable {
  /** Paths of the ports. */
  readonly near: string;
  readonly far: string;
  readonly #process: LineProcess;

  private constructor(process: LineProcess, near: string, far: string) {
    this.#process = process;
    this.near = near;
    this.far = far;
  }

  static async lay(): Promise<SerialCable> {
    const process = new LineProcess(python, [program]);
    const [, near = '', far = ''] = await process.line(/^(\S+) (\S+)$/);
    return new SerialCable(process, near, far);
  }

  async remove(): Promise<void> {
    await this.#process.end('SIGTERM');
  }
}
