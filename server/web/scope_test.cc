#include "web/scope.h"

#include <gtest/gtest.h>

namespace telltale::web {
namespace {

TEST(Scope, AreReadAndWrittenByName) {
  EXPECT_EQ(parse_scopes("launch,read").value(), (Scopes{Scope::read, Scope::launch}));
  EXPECT_EQ(parse_scopes("launch,read")->text(), "read,launch");
  EXPECT_EQ(parse_scopes("all").value(), Scopes::all());
  EXPECT_EQ(Scopes::all().text(), "read,ingest,launch,render,git,admin");
  EXPECT_EQ(Scopes().text(), "");
  for (const char* text : {"", "read,", ",", "Read", "read launch", "all,read", "everything"})
    EXPECT_FALSE(parse_scopes(text).ok()) << text;
}

TEST(Scope, OneGrantsNoOther) {
  const Scopes reads{Scope::read};
  EXPECT_TRUE(reads.has(Scope::read));
  for (const Scope scope : {Scope::ingest, Scope::launch, Scope::render, Scope::git, Scope::admin})
    EXPECT_FALSE(reads.has(scope)) << name_of(scope);
  EXPECT_TRUE((reads | Scopes{Scope::git}).has(Scope::git));
}

}  // namespace
}  // namespace telltale::web
