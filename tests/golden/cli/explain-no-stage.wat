;; RUN: explain %s --stage simplyfy
(module)
