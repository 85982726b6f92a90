// Shows an alert on a phone or desktop, also while no page of the console is open, and leads to its card.

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  const message = read(event.data);
  event.waitUntil(
    self.registration.showNotification(message.title, {
      body: message.body,
      lang: message.lang,
      dir: message.dir,
      // One notification for each alert: a repetition takes its place.
      tag: message.alert,
      renotify: Boolean(message.alert),
      requireInteraction: message.severity === "critical",
      data: { url: message.url },
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(new URL(event.notification.data.url, self.location.origin).href));
});

function read(data) {
  try {
    return { title: "voicerisk", url: "/", ...data.json() };
  } catch {
    return { title: "voicerisk", url: "/" };
  }
}

async function open(url) {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find((one) => new URL(one.url).origin === new URL(url).origin);
  // A listening page must not be torn away from its call: it is only brought to the front.
  return page ? page.focus() : self.clients.openWindow(url);
}
