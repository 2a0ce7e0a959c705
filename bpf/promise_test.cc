// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Each tier's object loads on every kernel it promises to: its instructions call no helper, its
// maps have no type, its programs no hook newer than that. Reads the compiled objects; loads
// nothing. PANO_LIST=1 prints what each program calls.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <elf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "bpf/abi/settings.h"
#include "bpf/pano_sock_length.skel.h"
#include "bpf/pano_sys_exit.skel.h"
#include "bpf/since.h"

namespace pano::probes {
namespace {

constexpr unsigned kNever = 9999;          // not in the tables
constexpr unsigned kSignExtending = 0x80;  // BPF_MEMSX, newer than the headers here

struct Promise {
  const char* tier;
  const void* (*elf)(size_t*);
  unsigned kernel;
};

class PromiseTest : public ::testing::TestWithParam<Promise> {
 protected:
  void SetUp() override {
    size_t bytes = 0;
    const auto* from = static_cast<const char*>(GetParam().elf(&bytes));
    elf_.assign(from, bytes);
  }

  template <typename T>
  T At(size_t offset) const {
    T out{};
    EXPECT_LE(offset + sizeof(T), elf_.size());
    if (offset + sizeof(T) <= elf_.size()) std::memcpy(&out, elf_.data() + offset, sizeof(T));
    return out;
  }

  std::vector<Elf64_Shdr> Sections() const {
    const auto head = At<Elf64_Ehdr>(0);
    std::vector<Elf64_Shdr> out;
    for (unsigned i = 0; i < head.e_shnum; ++i)
      out.push_back(At<Elf64_Shdr>(head.e_shoff + i * sizeof(Elf64_Shdr)));
    return out;
  }

  // Instructions of every function, by its name.
  std::map<std::string, std::vector<bpf_insn>> Functions() const {
    std::map<std::string, std::vector<bpf_insn>> out;
    const std::vector<Elf64_Shdr> sections = Sections();
    for (const Elf64_Shdr& table : sections) {
      if (table.sh_type != SHT_SYMTAB) continue;
      for (size_t at = 0; at < table.sh_size; at += sizeof(Elf64_Sym)) {
        const auto symbol = At<Elf64_Sym>(table.sh_offset + at);
        if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC) continue;
        const Elf64_Shdr& code = sections.at(symbol.st_shndx);
        std::vector<bpf_insn>& into =
            out[elf_.c_str() + sections.at(table.sh_link).sh_offset + symbol.st_name];
        for (size_t byte = 0; byte < symbol.st_size; byte += sizeof(bpf_insn))
          into.push_back(At<bpf_insn>(code.sh_offset + symbol.st_value + byte));
      }
    }
    return out;
  }

  std::string elf_;
};

template <typename Table>
Since Find(const Table& table, unsigned number) {
  for (const Since& one : table)
    if (one.number == number) return one;
  return {number, "not listed in bpf/since.h", kNever};
}

bool IsCall(const bpf_insn& insn) { return insn.code == (BPF_JMP | BPF_CALL); }

TEST_P(PromiseTest, NoHelperIsNewer) {
  const auto functions = Functions();
  ASSERT_GE(functions.size(), 10u);
  size_t calls = 0;
  for (const auto& [name, insns] : functions) {
    std::set<unsigned> helpers;
    for (const bpf_insn& insn : insns) {
      if (!IsCall(insn)) continue;
      EXPECT_NE(insn.src_reg, BPF_PSEUDO_KFUNC_CALL) << name << " calls into the kernel itself";
      if (insn.src_reg == 0) helpers.insert(static_cast<unsigned>(insn.imm));
    }
    for (const unsigned number : helpers) {
      const Since helper = Find(kHelpers, number);
      EXPECT_LE(helper.kernel, GetParam().kernel)
          << name << " calls helper " << number << ", " << helper.name;
      if (std::getenv("PANO_LIST"))
        std::cout << GetParam().tier << ' ' << name << " bpf_" << helper.name << " since "
                  << helper.kernel / 100 << '.' << helper.kernel % 100 << '\n';
    }
    calls += helpers.size();
  }
  EXPECT_GT(calls, 30u) << "the reading of the object is at fault";
}

// Besides helpers: atomic operations that answer came with 5.12, the fourth version of the
// instruction set with 6.6.
TEST_P(PromiseTest, NoInstructionIsNewer) {
  const unsigned kernel = GetParam().kernel;
  for (const auto& [name, insns] : Functions()) {
    for (size_t i = 0; i < insns.size(); ++i) {
      const bpf_insn& insn = insns[i];
      const unsigned kind = BPF_CLASS(insn.code);
      const bool wide = insn.code == (BPF_LD | BPF_IMM | BPF_DW);
      if (kind == BPF_STX && BPF_MODE(insn.code) == BPF_ATOMIC && insn.imm != BPF_ADD) {
        EXPECT_GE(kernel, 512u) << name << ": atomic operation " << insn.imm;
      }
      const bool signed_load = kind == BPF_LDX && BPF_MODE(insn.code) == kSignExtending;
      const bool alu = kind == BPF_ALU || kind == BPF_ALU64;
      const bool signed_alu = alu && insn.off != 0;
      if (signed_load || signed_alu || insn.code == (BPF_JMP32 | BPF_JA)) {
        EXPECT_GE(kernel, 606u) << name << ": instruction of version 4";
      }
      if (wide) ++i;  // its second half is no instruction
    }
  }
}

// Functions may be handed to helpers from 5.13 on. Before loading, taking the address of one is a
// relocation that points into code.
TEST_P(PromiseTest, NoCallbackBefore513) {
  if (GetParam().kernel >= 513) return;
  const std::vector<Elf64_Shdr> sections = Sections();
  size_t seen = 0;
  for (const Elf64_Shdr& table : sections) {
    if (table.sh_type != SHT_REL || !(sections.at(table.sh_info).sh_flags & SHF_EXECINSTR))
      continue;
    for (size_t at = 0; at < table.sh_size; at += sizeof(Elf64_Rel)) {
      const auto relocation = At<Elf64_Rel>(table.sh_offset + at);
      const auto insn = At<bpf_insn>(sections.at(table.sh_info).sh_offset + relocation.r_offset);
      const auto symbol = At<Elf64_Sym>(sections.at(table.sh_link).sh_offset +
                                        ELF64_R_SYM(relocation.r_info) * sizeof(Elf64_Sym));
      ++seen;
      if (IsCall(insn) || symbol.st_shndx >= sections.size()) continue;
      EXPECT_FALSE(sections[symbol.st_shndx].sh_flags & SHF_EXECINSTR)
          << "a function is handed to a helper";
    }
  }
  EXPECT_GT(seen, 30u) << "the reading of the object is at fault";
}

TEST_P(PromiseTest, NoMapOrHookIsNewer) {
  LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "promise");
  bpf_object* object = bpf_object__open_mem(elf_.data(), elf_.size(), &opts);
  ASSERT_NE(object, nullptr);
  const bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    const Since type = Find(kMapTypes, bpf_map__type(map));
    EXPECT_LE(type.kernel, GetParam().kernel) << bpf_map__name(map) << ": " << type.name;
  }
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object) {
    const std::string_view section = bpf_program__section_name(program);
    unsigned kernel = kNever;
    for (const Since& one : kPrograms)
      if (section == one.name || section.substr(0, section.find('/')) == one.name)
        kernel = one.kernel;
    EXPECT_LE(kernel, GetParam().kernel) << bpf_program__name(program) << ": " << section;
  }
  bpf_object__close(object);
}

INSTANTIATE_TEST_SUITE_P(Tiers, PromiseTest,
                         ::testing::Values(Promise{"sock_length", pano_sock_length::elf_bytes, 603},
                                           Promise{"sys_exit", pano_sys_exit::elf_bytes, 508}),
                         [](const auto& one) { return std::string(one.param.tier); });

}  // namespace
}  // namespace pano::probes
