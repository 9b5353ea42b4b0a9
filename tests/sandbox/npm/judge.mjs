// The TypeScript client of the Web API as it comes; only its two hosts lead elsewhere. Reads orders, prints what it saw.
import { readFileSync } from "node:fs";

const { address, client_id, client_secret, redirect, user } = JSON.parse(readFileSync(0, "utf-8"));
const send = globalThis.fetch;
const hosts = /^https:\/\/(api|accounts)\.spotify\.com/;
globalThis.fetch = (to, options) => send(String(to).replace(hosts, address), options);

// What the client needs of a browser: an address bar, a history and a title.
globalThis.window = {
  location: { search: "", href: redirect },
  history: { replaceState() {} },
  crypto: globalThis.crypto,
};
globalThis.document = { title: "" };
const kept = new Map();
const localStorage = {
  getItem: (key) => kept.get(key) ?? null,
  setItem: (key, value) => kept.set(key, value),
  removeItem: (key) => kept.delete(key),
};
globalThis.localStorage = localStorage;

const { SpotifyApi, AuthorizationCodeWithPKCEStrategy } = await import("@spotify/web-api-ts-sdk");

async function agree(target) {
  const page = await fetch(target, { redirect: "manual" });
  const onward = new URL(page.headers.get("location")).searchParams.get("continue");
  const form = new URLSearchParams({ continue: onward, user, action: "agree" });
  const back = await fetch(`${address}/login`, { method: "POST", body: form, redirect: "manual" });
  window.location.search = new URL(back.headers.get("location")).search;
  window.location.href = back.headers.get("location");
}

async function signIn(scopes) {
  const redirectionStrategy = { redirect: agree, onReturnFromRedirect: async () => {} };
  const strategy = new AuthorizationCodeWithPKCEStrategy(client_id, redirect, scopes);
  const client = new SpotifyApi(strategy, { redirectionStrategy });
  await strategy.redirectToSpotify();
  await client.authenticate();
  return client;
}

async function readAll(client, first, read) {
  const rows = [...first.items];
  while (rows.length < first.total) rows.push(...(await read(rows.length)).items);
  return rows;
}

async function refuse(work) {
  try {
    await work();
    return null;
  } catch (error) {
    return String(error.message);
  }
}

const app = SpotifyApi.withClientCredentials(client_id, client_secret);
const person = await signIn([
  "playlist-read-private", "playlist-modify-private", "playlist-modify-public", "user-library-read",
  "user-library-modify", "user-read-recently-played", "user-top-read", "user-read-private", "user-read-email",
]);
const seen = {};
const found = await app.search("a", ["artist"], undefined, 50);
seen.artists = found.artists.total;
const artist = found.artists.items[0];
const page = (offset) => app.artists.albums(artist.id, "album,single,compilation", undefined, 50, offset);
seen.artist = artist.id;
seen.albums = (await readAll(app, await page(0), page)).map((one) => one.id);
const ids = (await app.albums.tracks(seen.albums[0], undefined, 5)).items.map((one) => one.id);
seen.several = (await app.tracks.get(ids)).map((one) => [one.id, one.external_ids.isrc ?? null]);
seen.ids = ids;
seen.markets = (await app.markets.getAvailableMarkets()).markets.length;
seen.features = (await app.tracks.audioFeatures(ids[0])).id;

const me = await person.currentUser.profile();
seen.me = [me.id, me.account_id, me.product];
seen.saved = (await person.currentUser.tracks.savedTracks(50)).total;
await person.currentUser.tracks.saveTracks(ids);
seen.has = await person.currentUser.tracks.hasSavedTracks(ids);
await person.currentUser.tracks.removeSavedTracks(ids);
seen.hasAfter = await person.currentUser.tracks.hasSavedTracks(ids);
seen.played = (await person.player.getRecentlyPlayedTracks(50)).items.map((one) => one.played_at);

const list = await person.playlists.createPlaylist(me.id, { name: "Von außen", public: false });
const uris = ids.map((one) => `spotify:track:${one}`);
await person.playlists.addItemsToPlaylist(list.id, uris);
await person.playlists.movePlaylistItems(list.id, 0, 1, uris.length);
await person.playlists.changePlaylistDetails(list.id, { description: "d" });
const rows = await person.playlists.getPlaylistItems(list.id);
seen.rows = rows.items.map((one) => one.track.uri);
await person.playlists.removeItemsFromPlaylist(list.id, { tracks: [{ uri: uris[0] }] });
seen.left = (await person.playlists.getPlaylist(list.id)).tracks.total;
seen.limit = await refuse(() => app.search("a", ["artist"], undefined, 51));
seen.gone = await refuse(() => app.tracks.get("0".repeat(22)));
console.log(JSON.stringify(seen));
