import { ConnectionError } from '../transport/errors.ts';
import type { ApiRequest, ApiResponse, Transport } from '../transport/transport.ts';

/** An answer that a test writes piece by piece. */
export class FakeAnswer {
  readonly #pieces: (Uint8Array | 'end' | 'cut')[] = [];
  #wake = Promise.withResolvers<void>();

  write(...values: readonly unknown[]): this {
    for (const value of values) {
      this.writeText(typeof value === 'string' ? value : `${JSON.stringify(value)}\n`);
    }
    return this;
  }

  writeText(text: string): this {
    return this.#push(Buffer.from(text));
  }

  end(): this {
    return this.#push('end');
  }

  cut(): this {
    return this.#push('cut');
  }

  async *body(request: ApiRequest): AsyncGenerator<Uint8Array, void, undefined> {
    const { signal } = request;
    const wake = (): void => this.#wake.resolve();
    signal?.addEventListener('abort', wake);
    try {
      for (;;) {
        signal?.throwIfAborted();
        const piece = this.#pieces.shift();
        if (piece === 'end') return;
        if (piece === 'cut') throw new ConnectionError(request, 'cut by the test');
        if (piece !== undefined) yield piece;
        else {
          await this.#wake.promise;
          this.#wake = Promise.withResolvers();
        }
      }
    } finally {
      signal?.removeEventListener('abort', wake);
    }
  }

  #push(piece: Uint8Array | 'end' | 'cut'): this {
    this.#pieces.push(piece);
    this.#wake.resolve();
    return this;
  }
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly answer: FakeAnswer;
}

/** Answers as a function says; remembers what was asked. */
export class FakeTransport implements Transport {
  readonly server = 'https://fake.test';
  readonly requests: ApiRequest[] = [];
  readonly #respond: (request: ApiRequest) => Reply | Promise<Reply>;

  constructor(respond: (request: ApiRequest) => Reply | Promise<Reply>) {
    this.#respond = respond;
  }

  async send(request: ApiRequest): Promise<ApiResponse> {
    request.signal?.throwIfAborted();
    this.requests.push(request);
    const { status, headers = {}, answer } = await this.#respond(request);
    return {
      status,
      header: (name) => headers[name],
      body: answer.body(request),
      [Symbol.dispose]: () => undefined,
    };
  }
}

/** A whole answer. */
export function reply(status: number, body: unknown, headers: Record<string, string> = {}): Reply {
  return { status, headers, answer: new FakeAnswer().write(body).end() };
}

/** What the API server says when it refuses. */
export function refusal(
  status: number,
  reason: string,
  headers: Record<string, string> = {},
): Reply {
  return reply(
    status,
    { kind: 'Status', status: 'Failure', reason, message: 'no', code: status },
    headers,
  );
}
