# SPDX-License-Identifier: Apache-2.0
"""What is broken, in which order, under which load; and what is the truth about it.

A case's name tells its load and its fault and never changes: which half it belongs to follows from it."""

import dataclasses

LOADGEN = "loadgenerator"


@dataclasses.dataclass(frozen=True)
class Load:
    """How many shoppers, and the replicas that serve them with room to spare."""
    name: str
    users: int
    replicas: tuple = ()


LOADS = {load.name: load for load in (
    Load("u150", 150),
    Load("u300", 300),
    Load("u700", 700, (("productcatalog", 2),)),
)}


@dataclasses.dataclass(frozen=True)
class Act:
    """One thing done to one service: a fault of the shop's, or one of those in act.py."""
    what: str
    service: str
    value: float | None = None


@dataclasses.dataclass(frozen=True)
class Planned:
    name: str
    load: str
    fault: str             # the row of the table
    acts: tuple = ()
    truth: tuple = ()


def one(load, fault, what, service, value=None, truth=None):
    tag = f"{value:g}" if what == "users" else what
    return Planned(f"{load}-{tag}-{service}", load, fault, (Act(what, service, value),), (truth or service,))


def pair(load, *acts):
    name = "-and-".join(f"{act.what}-{act.service}" for act in acts)
    return Planned(f"{load}-{name}", load, "pairs", acts, tuple(act.service for act in acts))


def healthy(load, number, acts=()):
    """Nothing breaks; `acts` changes the load before both windows."""
    return Planned(f"{load}-healthy-{number}", load, "healthy", acts)


def healthy_before(planned):
    """What lay between the healthy windows before this case and the one before it is not in them."""
    return Planned(f"{planned.load}-healthy-before{planned.name.removeprefix(planned.load)}", planned.load, "healthy")


def at_300():
    load = "u300"
    return [
        healthy(load, 1),
        one(load, "delay", "slow", "ad"),
        one(load, "errors", "errors", "currency"),
        one(load, "throttled", "throttle", "cart", 0.03),
        one(load, "refused", "refuse", "payment"),
        one(load, "loss", "lossy", "recommendation"),
        one(load, "hang", "hang", "redis"),
        one(load, "lock", "lock", "cart", 60),
        one(load, "cpu hog", "cpu-hog", "productcatalog"),
        one(load, "stall", "stall", "postgresql"),
        one(load, "client limit", "stall", LOADGEN, 0.9),
        one(load, "demand drop", "users", LOADGEN, 150),
        one(load, "surge", "users", LOADGEN, 900, truth="productcatalog"),
        one(load, "table lock", "table-lock", "postgresql"),
        one(load, "memory", "leak", "ad", 6),
        healthy(load, 2),
        one(load, "delay", "slow", "currency", 150),
        one(load, "errors", "errors", "productcatalog"),
        one(load, "throttled", "throttle", "recommendation", 0.06),
        one(load, "refused", "refuse", "ad"),
        one(load, "loss", "lossy", "cart"),
        one(load, "hang", "hang", "quote"),
        one(load, "lock", "lock", "recommendation", 120),
        one(load, "cpu hog", "cpu-hog", "cart"),
        one(load, "stall", "stall", "redis"),
        one(load, "delay", "slow", "quote"),
        one(load, "errors", "errors", "cart"),
        one(load, "throttled", "throttle", "redis", 0.01),
        one(load, "refused", "refuse", "recommendation"),
        one(load, "loss", "lossy", "productcatalog"),
        one(load, "hang", "hang", "ad"),
        healthy(load, 3),
        one(load, "lock", "lock", "productcatalog", 40),
        one(load, "cpu hog", "cpu-hog", "recommendation"),
        one(load, "stall", "stall", "checkout"),
        one(load, "memory", "leak", "recommendation", 6),
        one(load, "delay", "slow", "featureflag"),
        one(load, "errors", "errors", "shipping"),
        one(load, "throttled", "throttle", "frontend", 0.15),
        one(load, "refused", "refuse", "currency"),
        one(load, "loss", "lossy", "redis"),
        one(load, "hang", "hang", "featureflag"),
        one(load, "throttled", "throttle", "currency", 0.01),
        one(load, "stall", "stall", "ad"),
        one(load, "slow queries", "heavy-queries", "redis"),
        one(load, "delay", "slow", "email"),
        one(load, "refused", "refuse", "shipping"),
        one(load, "hang", "hang", "kafka"),
        healthy(load, 4),
        healthy(load, 5, (Act("users", LOADGEN, 360),)),
    ]


def pairs():
    load = "u300"
    return [
        pair(load, Act("slow", "ad"), Act("errors", "shipping")),
        pair(load, Act("throttle", "cart", 0.03), Act("slow", "currency", 100)),
        pair(load, Act("lossy", "recommendation"), Act("refuse", "payment")),
        pair(load, Act("cpu-hog", "productcatalog"), Act("stall", "redis")),
        pair(load, Act("errors", "currency"), Act("lock", "cart", 60)),
        pair(load, Act("hang", "postgresql"), Act("slow", "quote")),
        pair(load, Act("stall", "ad"), Act("throttle", "recommendation", 0.06)),
        pair(load, Act("errors", "cart"), Act("errors", "ad")),
    ]


def at_700():
    load = "u700"
    return [
        healthy(load, 1),
        one(load, "delay", "slow", "recommendation", 200),
        one(load, "errors", "errors", "ad"),
        one(load, "throttled", "throttle", "productcatalog", 0.06),
        one(load, "refused", "refuse", "cart"),
        one(load, "loss", "lossy", "currency"),
        one(load, "hang", "hang", "productcatalog"),
        one(load, "lock", "lock", "currency", 40),
        one(load, "cpu hog", "cpu-hog", "redis"),
        one(load, "stall", "stall", "kafka"),
        one(load, "client limit", "stall", LOADGEN, 0.9),
        one(load, "surge", "users", LOADGEN, 1400, truth="productcatalog"),
        healthy(load, 2, (Act("users", LOADGEN, 800),)),
        one(load, "demand drop", "users", LOADGEN, 350),
        one(load, "memory", "leak", "currency", 2),
        one(load, "delay", "slow", "cart", 120),
        one(load, "errors", "errors", "recommendation"),
        one(load, "throttled", "throttle", "checkout", 0.03),
        one(load, "table lock", "table-lock", "postgresql"),
        one(load, "loss", "lossy", "checkout"),
        one(load, "hang", "hang", "payment"),
        healthy(load, 3),
        one(load, "cpu hog", "cpu-hog", "ad"),
        one(load, "stall", "stall", "shipping"),
        one(load, "delay", "slow", "payment"),
        one(load, "errors", "errors", "frontend", 0.1),
        one(load, "refused", "refuse", "redis"),
        one(load, "throttled", "throttle", "featureflag", 0.01),
        healthy(load, 4),
        one(load, "lock", "lock", "ad", 80),
        one(load, "delay", "slow", "frontend", 100),
        pair(load, Act("slow", "payment"), Act("cpu-hog", "ad")),
        pair(load, Act("refuse", "redis"), Act("lossy", "currency")),
        pair(load, Act("throttle", "checkout", 0.03), Act("errors", "recommendation")),
        pair(load, Act("slow", "cart", 120), Act("hang", "quote")),
    ]


def at_150():
    load = "u150"
    return [
        healthy(load, 1),
        one(load, "delay", "slow", "shipping"),
        one(load, "errors", "errors", "payment", 0.5),
        one(load, "throttled", "throttle", "cart", 0.02),
        one(load, "refused", "refuse", "featureflag"),
        one(load, "loss", "lossy", "ad"),
        one(load, "hang", "hang", "currency"),
        one(load, "cpu hog", "cpu-hog", "frontend"),
        one(load, "stall", "stall", "cart"),
        one(load, "surge", "users", LOADGEN, 800, truth="productcatalog"),
        healthy(load, 2, (Act("users", LOADGEN, 200),)),
        healthy(load, 3, (Act("users", LOADGEN, 120),)),
        one(load, "client limit", "stall", LOADGEN, 0.9),
        healthy(load, 4),
    ]


def everything():
    """In an order that has some of every kind early, should it be ended early."""
    first, second = at_300(), at_700()
    return first[:16] + second[:15] + pairs() + first[16:33] + second[15:] + at_150() + first[33:]
