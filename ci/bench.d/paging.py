"""Pages through the chat of a broadcast as other tools do: `paging.py GQL_URL VOD SECONDS WORKERS OUT`.

One worker is chat-downloader's loop: one page after the other, each asked for by the cursor of the one before. It
cannot be pointed at another host, hence this. Four workers are TwitchDownloader's, each with a part of the time.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import requests

HASH = "b70a3591ff0f4e0313d126c6a1502d79a1c02baebb288227c582044aa76adf6a"


def crawl(url, vod, start, end):
    session, cursor, found = requests.Session(), None, {}
    session.headers["Client-ID"] = "kd1unb4b3q4t58fwlpcbzcbnm76a8fp"
    while True:
        where = {"cursor": cursor} if cursor else {"contentOffsetSeconds": start}
        asked = {
            "operationName": "VideoCommentsByOffsetOrCursor",
            "variables": {"videoID": vod, **where},
            "extensions": {"persistedQuery": {"version": 1, "sha256Hash": HASH}},
        }
        answer = session.post(url, json=[asked], timeout=20).json()[0]
        comments = answer["data"]["video"]["comments"]
        for edge in comments["edges"]:
            if start <= edge["node"]["contentOffsetSeconds"] < end:
                found[edge["node"]["id"]] = edge["node"]
        last = comments["edges"][-1] if comments["edges"] else None
        if not last or not comments["pageInfo"]["hasNextPage"] or last["node"]["contentOffsetSeconds"] >= end:
            return list(found.values())
        cursor = last["cursor"]


def main():
    url, vod, seconds, workers, out = sys.argv[1:]
    step = -(-int(seconds) // int(workers))
    starts = [step * worker for worker in range(int(workers))]
    ends = [*starts[1:], 1 << 60]
    with ThreadPoolExecutor(int(workers)) as pool:
        parts = pool.map(lambda span: crawl(url, vod, *span), zip(starts, ends))
        comments = [comment for part in parts for comment in part]
    with open(out, "w", encoding="utf-8") as file:
        for comment in comments:
            file.write(json.dumps(comment) + "\n")
    print(len(comments))


main()
