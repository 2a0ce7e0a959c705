# SPDX-License-Identifier: Apache-2.0
"""recommendation: five goods the shopper is not looking at already."""

import asyncio
import os
import random
import time

import grpc
import shop_pb2
import shop_pb2_grpc
from fault import Fault, Faults

COUNT = 5
FLAG = "recommendation-cache"
FLAG_MAX_AGE_S = 1.0


class Recommendation(shop_pb2_grpc.RecommendationServicer):
    def __init__(self, catalog, flags):
        self.catalog = shop_pb2_grpc.ProductCatalogStub(catalog)
        self.flags = shop_pb2_grpc.FeatureFlagStub(flags)
        self.faults = Faults()
        self.cache = []
        self.cache_enabled = False
        self.flag_read = 0.0

    async def refresh_flag(self):
        if time.monotonic() - self.flag_read < FLAG_MAX_AGE_S:
            return
        self.flag_read = time.monotonic()
        try:
            flag = await self.flags.GetFlag(shop_pb2.FlagName(name=FLAG), timeout=1)
            self.cache_enabled = flag.enabled
        except grpc.aio.AioRpcError as error:
            print(f"featureflag: {error.code().name}", flush=True)

    async def product_ids(self, context):
        if self.cache_enabled and self.cache:
            return self.cache
        answer = await self.catalog.ListProducts(shop_pb2.Empty(), timeout=context.time_remaining())
        self.cache = [product.id for product in answer.products]
        return self.cache

    async def ListRecommendations(self, request, context):
        try:
            await self.faults.suffer()
            await self.refresh_flag()
            known = await self.product_ids(context)
        except Fault as error:
            await context.abort(grpc.StatusCode.INTERNAL, str(error))
        except grpc.aio.AioRpcError as error:
            await context.abort(error.code(), f"productcatalog: {error.details()}")
        fresh = [product for product in known if product not in request.product_ids]
        return shop_pb2.ProductIds(ids=random.sample(fresh, min(COUNT, len(fresh))))


async def main():
    options = [("grpc.enable_retries", 0), ("grpc.max_reconnect_backoff_ms", 2000)]
    catalog = grpc.aio.insecure_channel(os.environ.get("PRODUCTCATALOG_ADDRESS", "productcatalog:3550"), options)
    flags = grpc.aio.insecure_channel(os.environ.get("FEATUREFLAG_ADDRESS", "featureflag:50053"), options)
    server = grpc.aio.server()
    shop_pb2_grpc.add_RecommendationServicer_to_server(Recommendation(catalog, flags), server)
    server.add_insecure_port(f"0.0.0.0:{os.environ.get('SHOP_PORT', '9001')}")
    await server.start()
    await server.wait_for_termination()


asyncio.run(main())
