// SPDX-License-Identifier: Apache-2.0

import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import shop.pb.Ad;
import shop.pb.AdList;
import shop.pb.AdRequest;
import shop.pb.AdServiceGrpc;

/** ad: a line or two that fit what the shopper looks at. */
public final class AdServer extends AdServiceGrpc.AdServiceImplBase {
  private static final int SERVED = 2;
  private static final Map<String, List<Ad>> ADS =
      Map.of(
          "kitchen",
          List.of(
              ad("KETTLE-SWAN", "Tea in one clear note: the Swan Kettle."),
              ad("BOARD-ELM", "A board that outlives its knives."),
              ad("MUG-TIDE", "Watch the tide come in with your tea.")),
          "desk",
          List.of(
              ad("LAMP-ALPACA", "A lamp that waits for you."),
              ad("PEN-HERON", "Write as if it could not be deleted.")),
          "travel",
          List.of(
              ad("TENT-WREN", "Four minutes to a roof."),
              ad("BAG-COURIER", "Carries the night shift.")),
          "home",
          List.of(
              ad("RUG-DUNE", "Sand without the sweeping."),
              ad("CLOCK-ORBIT", "Two beads, all the time there is.")),
          "light",
          List.of(ad("BULB-EMBER", "Dusk, for indoors.")));

  private final Faults faults = new Faults();

  private static Ad ad(String product, String text) {
    return Ad.newBuilder().setUrl("/product/" + product).setText(text).build();
  }

  @Override
  public void getAds(AdRequest request, StreamObserver<AdList> reply) {
    if (faults.suffer()) {
      reply.onError(Status.INTERNAL.withDescription("fault: errors").asRuntimeException());
      return;
    }
    List<Ad> fitting = new ArrayList<>();
    for (String key : request.getContextKeysList()) {
      fitting.addAll(ADS.getOrDefault(key, List.of()));
    }
    if (fitting.isEmpty()) {
      ADS.values().forEach(fitting::addAll);
    }
    AdList.Builder list = AdList.newBuilder();
    for (int i = 0; i < SERVED; i++) {
      list.addAds(fitting.get(ThreadLocalRandom.current().nextInt(fitting.size())));
    }
    reply.onNext(list.build());
    reply.onCompleted();
  }

  public static void main(String[] arguments) throws IOException, InterruptedException {
    String port = System.getenv().getOrDefault("SHOP_PORT", "9555");
    BindableService service = new AdServer();
    Server server =
        NettyServerBuilder.forPort(Integer.parseInt(port))
            .executor(Executors.newFixedThreadPool(4))
            .addService(service)
            .build()
            .start();
    server.awaitTermination();
  }
}
