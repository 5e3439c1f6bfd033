/** One step of setting up a namespace. */
type Step =
  | { readonly kind: 'ip'; readonly line: string }
  | { readonly kind: 'sysctl'; readonly path: string; readonly value: string }
  | { readonly kind: 'command'; readonly words: readonly string[] };

const safeWord = /^[\w.:/@+,=-]+$/u;

/**
 * What is to be done inside one namespace, in order, as a single shell script: starting a program costs
 * milliseconds, so one shell does the whole and `ip -batch` takes all lines in a row.
 */
export class SetupScript {
  readonly #steps: Step[] = [];

  /** A line for `ip -batch`. */
  ip(line: string): this {
    this.#steps.push({ kind: 'ip', line });
    return this;
  }

  /** Sets a kernel parameter, its name with slashes; one that this kernel does not have is left out. */
  sysctl(path: string, value: string | number): this {
    this.#steps.push({ kind: 'sysctl', path, value: String(value) });
    return this;
  }

  command(...words: readonly string[]): this {
    this.#steps.push({ kind: 'command', words });
    return this;
  }

  /**
   * The script for `sh -e`.
   * @param ip The path of the program ip.
   * @throws RangeError where a word would need quotes.
   */
  render(ip: string): string {
    const lines: string[] = [];
    let batch: string[] = [];
    const endBatch = (): void => {
      if (batch.length > 0) lines.push(`${checked(ip)} -batch - <<'END'`, ...batch, 'END');
      batch = [];
    };
    for (const step of this.#steps) {
      if (step.kind !== 'ip') endBatch();
      switch (step.kind) {
        case 'ip':
          batch.push(step.line.split(' ').map(checked).join(' '));
          break;
        case 'sysctl': {
          const file = `/proc/sys/${checked(step.path)}`;
          lines.push(`[ ! -e ${file} ] || echo ${checked(step.value)} > ${file}`);
          break;
        }
        case 'command':
          lines.push(`${step.words.map(checked).join(' ')} > /dev/null`);
          break;
        default:
          step satisfies never;
      }
    }
    endBatch();
    return lines.join('\n');
  }
}

function checked(word: string): string {
  if (safeWord.test(word)) return word;
  throw new RangeError(`not fit for a set-up script: ${JSON.stringify(word)}`);
}
