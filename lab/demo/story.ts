/** What the demo prints: numbered steps, each with a title and lines below it. */
export class Story {
  #step = 0;

  say(title: string, ...lines: readonly string[]): void {
    this.#step += 1;
    console.log(`\n${this.#step}. ${title}`);
    this.tell(...lines);
  }

  /** Further lines of the present step. */
  tell(...lines: readonly string[]): void {
    for (const line of lines) console.log(`   ${line}`.trimEnd());
  }

  /** What a command printed. */
  show(text: string): void {
    this.tell(...text.trimEnd().split('\n'));
  }
}

/** The demo ends as failed where something is not as it says. */
export function claim(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(`the demo claims what is not so: ${what}`);
}
