import { join } from 'node:path';
import {
  attachTcIngress,
  detachTcIngress,
  listTcIngress,
  SystemError,
  unpin,
  type BpfProgram,
  type TcMode,
} from '@fairlead/linux';

/** Where the program runs. Its links are pinned, each by its interface, and outlive the agent. */
export class Attachments {
  readonly #program: BpfProgram;
  readonly #directory: string;
  readonly #mode: TcMode | undefined;

  /** @param directory where the links are pinned, in a bpffs */
  constructor(program: BpfProgram, directory: string, mode: TcMode | undefined) {
    this.#program = program;
    this.#directory = directory;
    this.#mode = mode;
  }

  /**
   * Makes the program run at an interface's tc ingress; another version of it that does so already is
   * replaced between two packets.
   * @returns why it does not, where it does not
   */
  attach(interfaceIndex: number): SystemError | undefined {
    try {
      if (!this.#isAttached(interfaceIndex)) {
        const mode = this.#mode === undefined ? {} : { mode: this.#mode };
        attachTcIngress(interfaceIndex, this.#program, this.#path(interfaceIndex), mode);
      }
      return undefined;
    } catch (error) {
      if (error instanceof SystemError) return error;
      throw error;
    }
  }

  /** Does nothing where the interface is gone. */
  detach(interfaceIndex: number): void {
    detachTcIngress(interfaceIndex, this.#program.name);
    unpin(this.#path(interfaceIndex));
  }

  #isAttached(interfaceIndex: number): boolean {
    return listTcIngress(interfaceIndex).some(
      ({ programId, mode }) =>
        programId === this.#program.id && (this.#mode === undefined || this.#mode === mode),
    );
  }

  #path(interfaceIndex: number): string {
    return join(this.#directory, `link-${interfaceIndex}`);
  }
}
