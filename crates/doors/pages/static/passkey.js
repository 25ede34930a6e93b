// Passkeys: asks the browser for one, or to sign with one, and sends what it says with the form of the page. Where this does
// not run, or the browser has no passkeys, the form stays out of sight: every page has another way.
"use strict";

const bytesOf = (text) => {
  const base64 = text.replace(/-/g, "+").replace(/_/g, "/");
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
};
const textOf = (buffer) => {
  let binary = "";
  for (const byte of new Uint8Array(buffer)) binary += String.fromCharCode(byte);
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
};
const named = (keys) => keys.map((id) => ({ type: "public-key", id: bytesOf(id) }));

/** What the server asks for, as the browser wants it. */
function wanted({ create, get }) {
  if (get) {
    return { get: { ...get, challenge: bytesOf(get.challenge), allowCredentials: named(get.allowCredentials) } };
  }
  const user = { ...create.user, id: bytesOf(create.user.id) };
  const excludeCredentials = named(create.excludeCredentials);
  return { create: { ...create, user, challenge: bytesOf(create.challenge), excludeCredentials } };
}

/** What the passkey says, as the server reads it. */
function said({ id, rawId, type, response }) {
  const parts = {};
  for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[part]) parts[part] = textOf(response[part]);
  }
  return JSON.stringify({ id, rawId: textOf(rawId), type, response: parts });
}

const whys = {
  NotAllowedError: "Nothing came of it: it was broken off, or took too long. Try again, or go on in another way.",
  InvalidStateError: "This device has a passkey for you already.",
  SecurityError: "Your browser makes no passkeys for this address.",
};

async function use(form) {
  const response = await fetch(form.dataset.passkey, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  // She is asked for something else first: to sign in again.
  if (response.redirected) return void location.assign(response.url);
  if (response.status === 429) throw new Error("There were many attempts in a short time. Try again in some minutes.");
  if (!response.ok) throw new Error("That did not work. Load the page again, and try once more.");
  const { create, get } = wanted(await response.json());
  const made = create
    ? await navigator.credentials.create({ publicKey: create })
    : await navigator.credentials.get({ publicKey: get });
  form.elements.credential.value = said(made);
  form.submit();
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  const problem = form.querySelector("[role=alert]");
  const button = form.querySelector("button");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    problem.hidden = true;
    try {
      await use(form);
    } catch (error) {
      problem.textContent = whys[error.name] ?? error.message;
      problem.hidden = false;
      button.disabled = false;
    }
  });
}
