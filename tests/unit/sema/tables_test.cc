// Lookup in the decision tables (docs/language.md, "Declarations").
#include "helpers.h"

namespace mapwright::sema {
namespace {

const ArgumentNames kArgument {1, "r", "p_r", "root"};

std::string kinds(const std::vector<Decided<ProcessorKind>>& list) {
  std::string out;
  for (const auto& d : list) out += (out.empty() ? "" : ",") + std::string(to_string(d.value));
  return out;
}

std::string memories(const Mapper& m, std::string_view task, ProcessorKind kind, const ArgumentNames& argument = kArgument) {
  std::string out;
  for (const auto& d : m.memories(task, argument, kind)) out += (out.empty() ? "" : ",") + std::string(to_string(d.value));
  return out;
}

TEST(Tables, TheEmptyMapperDecidesNothing) {
  const Mapper m;
  EXPECT_TRUE(m.processor_kinds("a").own.empty());
  EXPECT_TRUE(m.processor_kinds("a").star.empty());
  EXPECT_TRUE(m.memories("a", kArgument, ProcessorKind::Gpu).empty());
  EXPECT_FALSE(m.layout("a", kArgument, ProcessorKind::Gpu, MemoryKind::FbMem));
  EXPECT_FALSE(m.instance_limit("a"));
  EXPECT_FALSE(m.collects("a", kArgument));
  EXPECT_FALSE(m.index_map("a", ProcessorKind::Gpu));
  EXPECT_FALSE(m.single_map("a", ProcessorKind::Gpu));
  EXPECT_FALSE(m.replicated("a"));
  EXPECT_EQ(m.function_count(), 0u);
}

TEST(Tables, ProcessorKinds) {
  const Mapper m = compile_text("Task a,\"b c\" GPU,CPU;\nTask * OMP;\nTask a CPU;\n");
  EXPECT_EQ(kinds(m.processor_kinds("a").own), "GPU,CPU");  // the first statement wins
  EXPECT_EQ(kinds(m.processor_kinds("b c").own), "GPU,CPU");
  EXPECT_EQ(kinds(m.processor_kinds("a").star), "OMP");
  EXPECT_EQ(kinds(m.processor_kinds("other").own), "");
  EXPECT_EQ(kinds(m.processor_kinds("other").star), "OMP");
  EXPECT_EQ(m.source()->slice(m.processor_kinds("a").own[1].span), "Task a,\"b c\" GPU,CPU;");
}

TEST(Tables, MemoriesAreConcatenatedFromSpecificToGeneral) {
  const Mapper m = compile_text(
      "Region * * GPU SYSMEM;\n"
      "Region * r GPU ZCMEM;\n"
      "Region a * GPU FBMEM,ZCMEM;\n"
      "Region a r GPU SOCKMEM;\n"
      "Region * * * RDMEM;\n");
  EXPECT_EQ(memories(m, "a", ProcessorKind::Gpu), "SOCKMEM,FBMEM,ZCMEM,SYSMEM");
  EXPECT_EQ(memories(m, "b", ProcessorKind::Gpu), "ZCMEM,SYSMEM");
  EXPECT_EQ(memories(m, "a", ProcessorKind::Cpu), "RDMEM");  // the entry with `*` when there is none for the kind
}

TEST(Tables, AnEntryForTheKindHidesTheOneForEveryKind) {
  const Mapper m = compile_text("Region a r * SYSMEM;\nRegion a r GPU FBMEM;\nRegion * * * ZCMEM;\n");
  EXPECT_EQ(memories(m, "a", ProcessorKind::Gpu), "FBMEM,ZCMEM");
  EXPECT_EQ(memories(m, "a", ProcessorKind::Cpu), "SYSMEM,ZCMEM");
}

TEST(Tables, ArgumentsByPositionOwnNamePartitionRegion) {
  const Mapper m = compile_text(
      "Region a root GPU SYSMEM;\n"
      "Region a p_r GPU ZCMEM;\n"
      "Region a r GPU SOCKMEM;\n"
      "Region a 1 GPU FBMEM;\n");
  EXPECT_EQ(memories(m, "a", ProcessorKind::Gpu), "FBMEM");
  EXPECT_EQ(memories(m, "a", ProcessorKind::Gpu, {0, "r", "p_r", "root"}), "SOCKMEM");
  EXPECT_EQ(memories(m, "a", ProcessorKind::Gpu, {0, "x", "p_r", "root"}), "ZCMEM");
  EXPECT_EQ(memories(m, "a", ProcessorKind::Gpu, {0, "x", "", "root"}), "SYSMEM");
  EXPECT_EQ(memories(m, "a", ProcessorKind::Gpu, {0, "x", "", ""}), "");
}

TEST(Tables, VirtualEndsTheList) {
  const Mapper m = compile_text("Region a r GPU VIRTUAL;\nRegion * * GPU FBMEM;\n");
  EXPECT_EQ(memories(m, "a", ProcessorKind::Gpu), "VIRTUAL");
}

TEST(Tables, Layouts) {
  const Mapper m = compile_text(
      "Layout * * * SOA C_order;\n"
      "Layout a * GPU AOS;\n"
      "Layout a * FBMEM F_order Exact Align >= 65;\n"
      "Layout a r * Compact;\n");
  auto l = m.layout("b", kArgument, ProcessorKind::Gpu, MemoryKind::FbMem);
  ASSERT_TRUE(l);
  EXPECT_EQ(l->value.dims, DimOrder::C);
  EXPECT_TRUE(l->value.fields_given);
  // (T,R) before (T,*), whatever the third field says; one statement decides all.
  l = m.layout("a", kArgument, ProcessorKind::Gpu, MemoryKind::FbMem);
  EXPECT_TRUE(l->value.compact);
  EXPECT_EQ(l->value.dims, DimOrder::F);
  EXPECT_FALSE(l->value.dims_given);
  const ArgumentNames other {0, "x", "", ""};
  l = m.layout("a", other, ProcessorKind::Gpu, MemoryKind::FbMem);
  EXPECT_TRUE(l->value.exact);
  EXPECT_EQ(l->value.alignment->chosen(), 128);
  EXPECT_EQ(l->value.fields, FieldOrder::Soa);
  l = m.layout("a", other, ProcessorKind::Gpu, MemoryKind::ZcMem);
  EXPECT_EQ(l->value.fields, FieldOrder::Aos);
  l = m.layout("a", other, ProcessorKind::Cpu, MemoryKind::SysMem);
  EXPECT_EQ(l->value.dims, DimOrder::C);
}

TEST(Tables, TheLastOfAPairWinsInALayout) {
  const Mapper m = compile_text("Layout a r * SOA AOS Align == 64 No_Align Align == 32;\n");
  const auto l = m.layout("a", kArgument, ProcessorKind::Gpu, MemoryKind::FbMem);
  EXPECT_EQ(l->value.fields, FieldOrder::Aos);
  EXPECT_EQ(l->value.alignment->bytes, 32);
}

TEST(Tables, Alignments) {
  EXPECT_EQ((Alignment {AlignOp::Equal, 64}.chosen()), 64);
  EXPECT_EQ((Alignment {AlignOp::GreaterEqual, 65}.chosen()), 128);
  EXPECT_EQ((Alignment {AlignOp::Greater, 64}.chosen()), 128);
  EXPECT_EQ((Alignment {AlignOp::LessEqual, 64}.chosen()), 1);
  EXPECT_EQ((Alignment {AlignOp::Less, 64}.chosen()), 1);
  EXPECT_EQ((Alignment {AlignOp::NotEqual, 1}.chosen()), 2);
}

TEST(Tables, LimitsCollectionAndReplication) {
  const Mapper m = compile_text("InstanceLimit a 4;\nInstanceLimit * 9;\nCollectMemory a r;\nCollectMemory b *;\nControlReplicate main;\n");
  EXPECT_EQ(m.instance_limit("a")->value, 4);
  EXPECT_EQ(m.instance_limit("b")->value, 9);
  EXPECT_TRUE(m.collects("a", kArgument));
  EXPECT_FALSE(m.collects("a", {0, "x", "", ""}));
  EXPECT_TRUE(m.collects("b", {0, "x", "", ""}));
  EXPECT_FALSE(m.collects("c", kArgument));
  EXPECT_TRUE(m.replicated("main")->value);
  EXPECT_FALSE(m.replicated("other")->value);  // exactly those that are named
  EXPECT_TRUE(compile_text("ControlReplicate *;").replicated("any")->value);
}

TEST(Tables, MapsByTaskThenKindThenStar) {
  const Mapper m = compile_text(
      "m = Machine(GPU);\ndef f(Task t) { return m[0, 0]; }\ndef g(Task t) { return m[0, 1]; }\ndef h(Task t) { return m[0, 2]; }\n"
      "IndexTaskMap * h;\nIndexTaskMap GPU g;\nIndexTaskMap a,b f;\nSingleTaskMap a g;\n");
  const auto name = [&](const std::optional<Decided<FunctionId>>& d) { return d ? std::string(m.function_name(d->value)) : "none"; };
  EXPECT_EQ(name(m.index_map("a", ProcessorKind::Gpu)), "f");
  EXPECT_EQ(name(m.index_map("b", ProcessorKind::Cpu)), "f");
  EXPECT_EQ(name(m.index_map("c", ProcessorKind::Gpu)), "g");
  EXPECT_EQ(name(m.index_map("c", ProcessorKind::Cpu)), "h");
  EXPECT_EQ(name(m.single_map("a", ProcessorKind::Gpu)), "g");
  EXPECT_EQ(name(m.single_map("c", ProcessorKind::Gpu)), "none");
  EXPECT_EQ(m.source()->slice(m.index_map("c", ProcessorKind::Cpu)->span), "IndexTaskMap * h;");
}

TEST(Tables, AQuotedKindIsATask) {
  const Mapper m = compile_text("m = Machine(GPU);\ndef f(Task t) { return m[0, 0]; }\nIndexTaskMap \"GPU\" f;\n");
  EXPECT_TRUE(m.index_map("GPU", ProcessorKind::Cpu));
  EXPECT_FALSE(m.index_map("a", ProcessorKind::Gpu));
}

TEST(Tables, MentionsAndStatements) {
  const Mapper m = compile_text("Task a,b GPU;\nRegion a r,0 GPU FBMEM;\nRegion * s GPU FBMEM;\nx = 1;\nCollectMemory b *;\n");
  std::string out;
  for (const auto& mention : m.mentions()) {
    out += fmt::format("{}{}:{} ", mention.what == Mapper::Mention::What::Task ? "task " : "argument " + mention.task + " ", mention.name,
                       m.source()->slice(mention.span));
  }
  EXPECT_EQ(out, "task a:a task b:b task a:a argument a r:r argument * s:s task b:b ");
  ASSERT_EQ(m.statements().size(), 4u);
  EXPECT_EQ(m.statements()[3].kind, "CollectMemory");
  EXPECT_EQ(m.source()->slice(m.statements()[3].span), "CollectMemory b *;");
}

}  // namespace
}  // namespace mapwright::sema
