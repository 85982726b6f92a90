// Asks the service to do something, and gives what it said in words that can be shown.

// { ok, words, said }: `said` is the answer's JSON, `words` says why not.
export async function send(method, url, body) {
  try {
    const answer = await fetch(url, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const said = await answer.json().catch(() => ({}));
    if (answer.ok) return { ok: true, words: "", said };
    const words = typeof said.detail === "string" ? said.detail : "That did not work.";
    return { ok: false, words, said };
  } catch {
    return { ok: false, words: "No connection to the server: it is not known whether it was done.", said: {} };
  }
}

export const post = (url, body = {}) => send("POST", url, body);

// The answer's JSON, or null where it cannot be read.
export async function read(url) {
  const { ok, said } = await send("GET", url);
  return ok ? said : null;
}

export const id = encodeURIComponent;
