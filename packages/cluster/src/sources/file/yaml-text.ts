import { LineCounter, parseAllDocuments } from 'yaml';

/** A part of a YAML text that can be read by itself: one document, as a rule. */
export interface YamlPart {
  readonly text: string;
  /** How many lines of the whole text stand before it. */
  readonly linesBefore: number;
}

/** The values of a YAML text, or why it is none: line and column count from 1, 0 where unknown. */
export type YamlValues =
  | { readonly ok: true; readonly values: readonly unknown[] }
  | { readonly ok: false; readonly line: number; readonly column: number; readonly reason: string };

/**
 * Takes a text apart at its document markers, so that after an edit only what has changed is read again.
 * No scalar can hold such a line (YAML 1.2.2 §9.1.2). A text with directives, which belong to the document
 * behind them, stays in one part.
 */
export function splitYaml(text: string): readonly YamlPart[] {
  if (/^%/mu.test(text)) return [{ text, linesBefore: 0 }];
  const parts: YamlPart[] = [];
  let linesBefore = 0;
  for (const part of text.split(/^(?=---(?:\s|$))/mu)) {
    parts.push({ text: part, linesBefore });
    linesBefore += part.split('\n').length - 1;
  }
  return parts;
}

/**
 * Reads YAML or JSON, all documents of it. Never throws. The reason of a fault never quotes the text, which
 * may hold what is not ours to print.
 */
export function readYaml(text: string): YamlValues {
  const lineCounter = new LineCounter();
  try {
    const documents = [
      ...parseAllDocuments(text, {
        lineCounter,
        merge: true,
        prettyErrors: false,
        logLevel: 'error',
      }),
    ];
    for (const { errors } of documents) {
      const [error] = errors;
      if (error === undefined) continue;
      const { line, col } = lineCounter.linePos(error.pos[0]);
      return { ok: false, line, column: col, reason: readable(error.code) };
    }
    const values = documents.map((document): unknown => document.toJS({ maxAliasCount: 100 }));
    return { ok: true, values: values.filter((value) => value !== null && value !== undefined) };
  } catch (error) {
    // Aliases that multiply or lead nowhere, merges of what is no map, nesting that exhausts the stack.
    if (!(error instanceof Error)) throw error;
    const reason =
      error instanceof RangeError ? 'nested too deeply' : 'an alias that cannot be followed';
    return { ok: false, line: 0, column: 0, reason };
  }
}

/** `BAD_INDENT` as `bad indent`. */
function readable(code: string): string {
  return code.toLowerCase().replaceAll('_', ' ');
}
