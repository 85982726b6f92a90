// Two things for who carries the console in a pocket: notifications on this device, and the way from one to its card.

const KEPT = "voicerisk.push"; // this browser's id on the server

async function switchPush() {
  const answer = await fetch("/api/v1/push/key");
  const { key } = answer.ok ? await answer.json() : { key: null };
  const button = await shown("#push-switch");
  // Browsers offer it over https and on this machine alone; on an iPhone, to a page on the home screen.
  if (!key || !("serviceWorker" in navigator) || !("PushManager" in window)) return;
  const worker = await navigator.serviceWorker.register("/push-worker.js");
  let subscription = await worker.pushManager.getSubscription();
  // Told again at each visit: the browser may have got a new address, or the server may have lost it.
  if (subscription) await tell(subscription).catch(() => (subscription = null));
  draw(button, subscription);
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      subscription = subscription ? await switchOff(subscription) : await switchOn(worker, key);
    } catch (error) {
      button.title = `It did not work: ${error.message}`;
    }
    button.disabled = false;
    draw(button, subscription);
  });
}

async function switchOn(worker, key) {
  const subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  await tell(subscription);
  return subscription;
}

async function switchOff(subscription) {
  const id = localStorage.getItem(KEPT);
  if (id) await fetch(`/api/v1/push/subscriptions/${encodeURIComponent(id)}`, { method: "DELETE" });
  localStorage.removeItem(KEPT);
  await subscription.unsubscribe();
  return null;
}

async function tell(subscription) {
  const answer = await fetch("/api/v1/push/subscriptions", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(subscription.toJSON()),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(typeof said.detail === "string" ? said.detail : `the server answered ${answer.status}`);
  localStorage.setItem(KEPT, said.id);
}

function draw(button, subscription) {
  button.hidden = false;
  button.setAttribute("aria-pressed", String(Boolean(subscription)));
  button.textContent = subscription ? "Notified here" : "Notify this device";
}

async function leadToAlert() {
  const id = new URLSearchParams(location.search).get("alert");
  if (!id) return;
  const card = await shown(`[data-alert="${CSS.escape(id)}"]`);
  card.setAttribute("tabindex", "-1");
  card.scrollIntoView({ block: "center" });
  card.focus();
}

// The element, once the page has drawn it.
function shown(selector) {
  return new Promise((resolve) => {
    const look = () => {
      const found = document.querySelector(selector);
      if (found) {
        observer.disconnect();
        resolve(found);
      }
    };
    const observer = new MutationObserver(look);
    observer.observe(document.documentElement, { childList: true, subtree: true });
    look();
  });
}

switchPush();
leadToAlert();
