/** A browser without script: keeps cookies, follows redirects, sends forms; and an app that speaks the API. */
export interface Answer {
  status: number;
  url: string;
  headers: Headers;
  text: string;
}

export type Fetch = (request: Request) => Promise<Response>;

export class Visitor {
  readonly cookies = new Map<string, string>();
  readonly #fetch: Fetch;
  readonly #origin: string;
  readonly #headers: Record<string, string>;

  constructor(fetch: Fetch, origin: string, headers: Record<string, string> = {}) {
    this.#fetch = fetch;
    this.#origin = origin;
    this.#headers = headers;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#send(path, { headers });
  }

  post(
    path: string,
    fields: Record<string, string> | [string, string][] = {},
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    return this.#send(path, {
      method: 'POST',
      body: new URLSearchParams(fields).toString(),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
    });
  }

  async #send(path: string, init: RequestInit): Promise<Answer> {
    let url = new URL(path, this.#origin);
    let request = this.#request(url, init);
    for (let redirects = 0; ; redirects += 1) {
      const response = await this.#fetch(request);
      this.#keep(response);
      const location = response.headers.get('location');
      if (location === null || response.status < 300 || response.status > 399) {
        return {
          status: response.status,
          url: url.pathname + url.search,
          headers: response.headers,
          text: await response.text(),
        };
      }
      if (redirects === 5) throw new Error(`too many redirects at ${location}`);
      url = new URL(location, url);
      request = this.#request(url, {});
    }
  }

  #request(url: URL, init: RequestInit): Request {
    const headers = new Headers({
      'User-Agent': 'Mozilla/5.0 (Windows NT 10.0) Firefox/140.0',
      ...this.#headers,
      ...init.headers,
    });
    if (this.cookies.size > 0)
      headers.set('Cookie', [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    return new Request(url, { ...init, headers, redirect: 'manual' });
  }

  #keep(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';');
      const name = pair.slice(0, pair.indexOf('='));
      const value = pair.slice(pair.indexOf('=') + 1);
      const gone = value === '' || attributes.some((attribute) => /^\s*max-age=0$/i.test(attribute));
      if (gone) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
  }
}

export interface ApiAnswer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests read fields of answers whose shape is what they check
  json: any;
}

export async function callApi(
  fetch: Fetch,
  origin: string,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  options: { body?: unknown; raw?: BodyInit; token?: string; headers?: Record<string, string> } = {},
): Promise<ApiAnswer> {
  const { body, raw, token, headers = {} } = options;
  const response = await fetch(
    new Request(new URL(path, origin), {
      method,
      headers: {
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(raw !== undefined ? { body: raw } : body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  );
  const text = await response.text();
  return { status: response.status, headers: response.headers, json: text === '' ? undefined : JSON.parse(text) };
}
