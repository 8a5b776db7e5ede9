module org.example {
  requires org.dmalloc.api;
}
