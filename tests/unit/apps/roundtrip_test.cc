// Every shipped program survives the way through its file.
#include "support.h"

namespace mapwright::apps {
namespace {

TEST(RoundTrip, ExportImportExportIsTheIdentity) {
  for (const App& app : all()) {
    for (const char* preset : {"test", "paper"}) {
      for (const std::int64_t nodes : {1, 4}) {
        SCOPED_TRACE(app.name + " " + preset);
        const program::Program p = built(app.name, {preset, {}, nodes, 4});
        const std::string text = export_json(p);
        diag::Sink sink;
        const auto again = program::import_json(diag::make_source(app.name, text), sink);
        ASSERT_TRUE(again) << diag::render_short(sink.all().front());
        EXPECT_EQ(export_json(*again), text);
        EXPECT_EQ(again->hash(), p.hash());
        EXPECT_EQ(again->point_tasks(), p.point_tasks());
        EXPECT_EQ(again->sites().size(), p.sites().size());
        EXPECT_EQ(again->parameters, p.parameters);
        EXPECT_FALSE(again->check);
      }
    }
  }
}

}  // namespace
}  // namespace mapwright::apps
