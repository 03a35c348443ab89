/**
 * Statements that are built once and run often. Building and compiling a query with kysely costs three times what SQLite
 * needs to run it (measured: 6 µs against 2 µs for a small select, more for wide rows), so each is compiled at its first
 * run with slots for its values.
 */
import type { Compilable, CompiledQuery } from 'kysely';

export class Statement<Values extends object, Row> {
  readonly #build: (values: Values) => Compilable<Row>;
  #compiled: CompiledQuery<Row> | undefined;

  constructor(build: (values: Values) => Compilable<Row>) {
    this.#build = build;
  }

  /** The query with these values in its slots. */
  with(values: Values): CompiledQuery<Row> {
    this.#compiled ??= this.#build(slots as Values).compile();
    const { sql, query, queryId, parameters } = this.#compiled;
    return { sql, query, queryId, parameters: parameters.map((parameter) => filled(parameter, values)) };
  }
}

/** A statement whose every `values.name` is a parameter; everything else in it is fixed. */
export function statement<Values extends object, Row>(
  build: (values: Values) => Compilable<Row>,
): Statement<Values, Row> {
  return new Statement(build);
}

/** One statement per key, for the few whose text depends on which fields are given. */
export function statementPer<Key, Values extends object, Row>(
  nameOf: (key: Key) => string,
  create: (key: Key) => Statement<Values, Row>,
): (key: Key) => Statement<Values, Row> {
  const known = new Map<string, Statement<Values, Row>>();
  return (key) => {
    const name = nameOf(key);
    const found = known.get(name) ?? create(key);
    known.set(name, found);
    return found;
  };
}

/** Stands in a compiled query for a value that comes with each run. */
class Slot {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

const slots = new Proxy({}, { get: (_, name) => new Slot(String(name)) });

function filled(parameter: unknown, values: object): unknown {
  return parameter instanceof Slot ? (values as Record<string, unknown>)[parameter.name] : parameter;
}
