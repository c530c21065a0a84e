"""Which properties each class of Intuit's schema has, and of what kind they are (Finance.xsd and the API reference).

One word a property: `Name:kind`, a trailing `*` for lists. Kinds: text (`<=N` limits it), email, date, flag, integer,
number (a plain decimal), money (two decimals), price (seven), ref, `A|B` (an enumeration), any (not looked into), or
the name of another class.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Field:
    kind: str
    many: bool = False
    limit: int | None = None
    choices: tuple[str, ...] = ()


def _field(kind: str) -> Field:
    many = kind.endswith("*")
    kind = kind.rstrip("*")
    if "|" in kind:
        return Field(kind="enumeration", many=many, choices=tuple(kind.replace("_", " ").split("|")))
    kind, _, limit = kind.partition("<=")
    return Field(kind=kind, many=many, limit=int(limit) if limit else None)


def _fields(*tables: str) -> dict[str, Field]:
    words = (word.partition(":") for table in tables for word in table.split())
    return {name: _field(kind) for name, _, kind in words}


_BASE = """Id:text SyncToken:text MetaData:any CustomField:CustomField* AttachableRef:any* domain:text status:text
    sparse:flag"""

_TRANSACTION = """DocNumber:text<=21 TxnDate:date DepartmentRef:ref CurrencyRef:ref ExchangeRate:number
    PrivateNote:text<=4000 TxnStatus:text LinkedTxn:LinkedTxn* Line:Line* TxnTaxDetail:TxnTaxDetail TxnSource:text
    TaxFormType:text TaxFormNum:text TransactionLocationType:text Tag:any* TxnApprovalInfo:any RecurDataRef:ref
    RecurringInfo:any"""

_PAYING = """PaymentMethodRef:ref PaymentRefNum:text<=21 PaymentType:Cash|Check|CreditCard|Expense|Other
    CheckPayment:any CreditCardPayment:any DepositToAccountRef:ref ARAccountRef:ref RemitToRef:ref CustomerRef:ref
    TotalAmt:money"""

_SALE = """AutoDocNumber:flag CustomerMemo:Memo BillAddr:PhysicalAddress ShipAddr:PhysicalAddress FreeFormAddress:flag
    ShipFromAddr:PhysicalAddress ClassRef:ref SalesTermRef:ref DueDate:date SalesRepRef:ref PONumber:text<=15
    FOB:text<=15 ShipMethodRef:ref ShipDate:date TrackingNum:text<=31
    GlobalTaxCalculation:TaxExcluded|TaxInclusive|NotApplicable HomeTotalAmt:money ApplyTaxAfterDiscount:flag
    ShippingTaxIncludedInTotalTax:flag TemplateRef:ref PrintStatus:NotSet|NeedToPrint|PrintComplete
    EmailStatus:NotSet|NeedToSend|EmailSent BillEmail:EmailAddress BillEmailCc:EmailAddress
    BillEmailBcc:EmailAddress Balance:money HomeBalance:money FinanceCharge:flag DeliveryInfo:any
    DiscountRate:number DiscountAmt:money GovtTxnRefIdentifier:text<=30 TaxExemptionRef:ref"""

_INVOICE = """Deposit:money AllowIPNPayment:flag AllowOnlinePayment:flag AllowOnlineCreditCardPayment:flag
    AllowOnlineACHPayment:flag EInvoiceStatus:text ECloudStatusTimeStamp:text callToAction:text
    invoiceStatusLog:any* InvoiceEx:any LessCIS:money InvoiceLink:text PaymentDetailsMessage:text
    ConvenienceFeeDetail:any"""

_NAME = """IntuitId:text Organization:flag Title:text<=16 GivenName:text<=100 MiddleName:text<=100
    FamilyName:text<=100 Suffix:text<=16 FullyQualifiedName:text CompanyName:text<=100 DisplayName:text<=500
    PrintOnCheckName:text<=110 UserId:text Active:flag V4IDPseudonym:text PrimaryPhone:TelephoneNumber
    AlternatePhone:TelephoneNumber Mobile:TelephoneNumber Fax:TelephoneNumber PrimaryEmailAddr:EmailAddress
    WebAddr:WebSiteAddress OtherContactInfo:any* DefaultTaxCodeRef:ref"""

_PARTY = """BillAddr:PhysicalAddress ShipAddr:PhysicalAddress OtherAddr:PhysicalAddress* ContactName:text
    AltContactName:text Notes:text<=2000 ParentRef:ref Balance:money OpenBalanceDate:date CreditLimit:money
    CurrencyRef:ref TDSEnabled:flag BusinessNumber:text GSTIN:text GSTRegistrationType:text Source:text"""

CLASSES: dict[str, dict[str, Field]] = {
    "SalesReceipt": _fields(_BASE, _TRANSACTION, _PAYING, _SALE, "SalesReceiptEx:any LessCIS:money"),
    "Invoice": _fields(_BASE, _TRANSACTION, _PAYING, _SALE, _INVOICE),
    "CreditMemo": _fields(_BASE, _TRANSACTION, _PAYING, _SALE, "RemainingCredit:money InvoiceRef:ref CreditMemoEx:any"),
    "RefundReceipt": _fields(
        _BASE, _TRANSACTION, _PAYING, _SALE, "RemainingCredit:money RefundReceiptEx:any PaymentRefNum:text<=100"
    ),
    "Payment": _fields(
        _BASE,
        _TRANSACTION,
        _PAYING,
        "UnappliedAmt:money ProcessPayment:flag PaymentExtendedType:text PaymentEx:any",
    ),
    "Purchase": _fields(
        _BASE,
        _TRANSACTION,
        """TxnSubType:text AccountRef:ref PaymentMethodRef:ref PaymentRefNum:text<=21
        PaymentType:Cash|Check|CreditCard|Expense|Other CheckPayment:any CreditCardPayment:any EntityRef:ref Credit:flag
        RemitToAddr:PhysicalAddress TotalAmt:money Memo:text PrintStatus:NotSet|NeedToPrint|PrintComplete
        GlobalTaxCalculation:TaxExcluded|TaxInclusive|NotApplicable PurchaseEx:any LessCIS:money
        IncludeInAnnualTPAR:flag""",
    ),
    "Transfer": _fields(
        _BASE, _TRANSACTION, "FromAccountRef:ref ToAccountRef:ref Amount:money ClassRef:ref TransferEx:any"
    ),
    "Deposit": _fields(
        _BASE,
        _TRANSACTION,
        """TxnSubType:text DepositToAccountRef:ref CashBack:any
        GlobalTaxCalculation:TaxExcluded|TaxInclusive|NotApplicable TotalAmt:money HomeTotalAmt:money DepositEx:any""",
    ),
    "Customer": _fields(
        _BASE,
        _NAME,
        _PARTY,
        """Taxable:flag Job:flag BillWithParent:flag RootCustomerRef:ref Level:integer CustomerTypeRef:ref
        SalesTermRef:ref SalesRepRef:ref TaxGroupCodeRef:ref TaxRateRef:ref PaymentMethodRef:ref CCDetail:any
        PriceLevelRef:ref BalanceWithJobs:money AcctNum:text<=99 OverDueBalance:money TotalRevenue:money
        TotalExpense:money PreferredDeliveryMethod:Print|Email|None ResaleNum:text<=16 JobInfo:any CustomerEx:any
        SecondaryTaxIdentifier:text ARAccountRef:ref PrimaryTaxIdentifier:text<=20 TaxExemptionReasonId:text
        IsProject:flag IsCISContractor:flag ClientCompanyId:text ClientEntityId:text TaxRegime:text""",
    ),
    "Vendor": _fields(
        _BASE,
        _NAME,
        _PARTY,
        """TaxCountry:text TaxIdentifier:text TaxIdEffectiveDate:date VendorTypeRef:ref TermRef:ref
        PrefillAccountRef:ref BillRate:number AcctNum:text<=100 Vendor1099:flag T4AEligible:flag
        T5018Eligible:flag TaxReportingBasis:text APAccountRef:ref VendorEx:any CostRate:number
        VendorPaymentBankDetail:any""",
    ),
    "Employee": _fields(
        _BASE,
        _NAME,
        """EmployeeType:text EmployeeNumber:text<=100 SSN:text<=100 PrimaryAddr:PhysicalAddress
        OtherAddr:PhysicalAddress* BillableTime:flag BillRate:number BirthDate:date Gender:text HiredDate:date
        ReleasedDate:date UseTimeEntry:text EmployeeEx:any CostRate:number Notes:text<=4000""",
    ),
    "Item": _fields(
        _BASE,
        """Name:text<=100 Sku:text<=100 Description:text<=4000 Active:flag SubItem:flag ParentRef:ref Level:integer
        FullyQualifiedName:text Taxable:flag SalesTaxIncluded:flag PercentBased:flag UnitPrice:price
        RatePercent:number
        Type:Assembly|Category|Fixed_Asset|Group|Inventory|NonInventory|Other_Charge|Payment|Service|Subtotal|Discount|Tax|Tax_Group|Bundle
        PaymentMethodRef:ref UOMSetRef:ref IncomeAccountRef:ref PurchaseDesc:text<=1000 PurchaseTaxIncluded:flag
        PurchaseCost:price ExpenseAccountRef:ref COGSAccountRef:ref AssetAccountRef:ref PrefVendorRef:ref
        AvgCost:price TrackQtyOnHand:flag QtyOnHand:number QtyOnPurchaseOrder:number QtyOnSalesOrder:number
        ReorderPoint:number ManPartNum:text DepositToAccountRef:ref SalesTaxCodeRef:ref PurchaseTaxCodeRef:ref
        InvStartDate:date BuildPoint:number PrintGroupedItems:flag SpecialItem:flag SpecialItemType:text
        ItemGroupDetail:any ItemAssemblyDetail:any AbatementRate:number ReverseChargeRate:number ServiceType:text
        ItemCategoryType:text ItemEx:any TaxClassificationRef:ref UQCDisplayText:text UQCId:text ClassRef:ref
        Source:text DeferredRevenue:flag CustomExtensions:any*""",
    ),
    "Account": _fields(
        _BASE,
        """Name:text<=100 SubAccount:flag ParentRef:ref Description:text<=100 FullyQualifiedName:text
        AccountAlias:text<=100 TxnLocationType:text<=50 Active:flag
        Classification:Asset|Equity|Expense|Liability|Revenue
        AccountType:Bank|Accounts_Receivable|Other_Current_Asset|Fixed_Asset|Other_Asset|Accounts_Payable|Credit_Card|Other_Current_Liability|Long_Term_Liability|Equity|Income|Cost_of_Goods_Sold|Expense|Other_Income|Other_Expense|Non-Posting
        AccountSubType:text AccountPurposes:ref* AcctNum:text<=7 AcctNumExtn:text BankNum:text
        OpeningBalance:money OpeningBalanceDate:date CurrentBalance:money CurrentBalanceWithSubAccounts:money
        CurrencyRef:ref TaxAccount:flag TaxCodeRef:ref OnlineBankingEnabled:flag FIName:text JournalCodeRef:ref
        AccountEx:any""",
    ),
    "Class": _fields(
        _BASE, "Name:text<=100 SubClass:flag ParentRef:ref FullyQualifiedName:text Active:flag ClassEx:any"
    ),
    "Department": _fields(
        _BASE,
        """Name:text<=100 SubDepartment:flag ParentRef:ref FullyQualifiedName:text Active:flag DepartmentEx:any
        Address:PhysicalAddress""",
    ),
    "PaymentMethod": _fields(_BASE, "Name:text<=31 Active:flag Type:text PaymentMethodEx:any"),
    "Term": _fields(
        _BASE,
        """Name:text<=31 Active:flag Type:text DiscountPercent:number DueDays:integer DiscountDays:integer
        DayOfMonthDue:integer DueNextMonthDays:integer DiscountDayOfMonth:integer SalesTermEx:any""",
    ),
    "TaxCode": _fields(
        _BASE,
        """Name:text Description:text Active:flag Hidden:flag Taxable:flag TaxGroup:flag SalesTaxRateList:any
        PurchaseTaxRateList:any AdjustmentTaxRateList:any TaxCodeConfigType:text""",
    ),
    "TaxRate": _fields(
        _BASE,
        """Name:text Description:text Active:flag RateValue:number AgencyRef:ref TaxReturnLineRef:ref
        EffectiveTaxRate:any* SpecialTaxType:text DisplayType:text OriginalTaxRate:ref""",
    ),
    "ExchangeRate": _fields(_BASE, "AsOfDate:date SourceCurrencyCode:text TargetCurrencyCode:text Rate:number"),
    "TaxAgency": _fields(_BASE, _NAME, "TaxTrackedOnPurchases:flag TaxTrackedOnSales:flag TaxRegistrationNumber:text"),
    "CompanyInfo": _fields(
        _BASE,
        """CompanyName:text LegalName:text CompanyAddr:PhysicalAddress CustomerCommunicationAddr:PhysicalAddress
        LegalAddr:PhysicalAddress PrimaryPhone:TelephoneNumber CompanyStartDate:date FiscalYearStartMonth:text
        Country:text Email:EmailAddress WebAddr:WebSiteAddress SupportedLanguages:text NameValue:any*""",
    ),
    "Preferences": _fields(
        _BASE,
        """AccountingInfoPrefs:any ProductAndServicesPrefs:any SalesFormsPrefs:any EmailMessagesPrefs:any
        VendorAndPurchasesPrefs:any TimeTrackingPrefs:any TaxPrefs:any CurrencyPrefs:any ReportPrefs:any
        OtherPrefs:any""",
    ),
    "Line": _fields(
        """Id:text LineNum:integer Description:text<=4000 Amount:money Received:money LinkedTxn:LinkedTxn*
        DetailType:PaymentLineDetail|DiscountLineDetail|TaxLineDetail|SalesItemLineDetail|ItemBasedExpenseLineDetail|AccountBasedExpenseLineDetail|DepositLineDetail|PurchaseOrderItemLineDetail|ItemReceiptLineDetail|JournalEntryLineDetail|GroupLineDetail|DescriptionOnly|SubTotalLineDetail|SalesOrderItemLineDetail|TDSLineDetail|ReimburseLineDetail|ItemAdjustmentLineDetail
        PaymentLineDetail:any DiscountLineDetail:DiscountLineDetail TaxLineDetail:TaxLineDetail
        SalesItemLineDetail:SalesItemLineDetail DescriptionLineDetail:DescriptionLineDetail
        ItemBasedExpenseLineDetail:any AccountBasedExpenseLineDetail:AccountBasedExpenseLineDetail
        ReimburseLineDetail:any DepositLineDetail:DepositLineDetail PurchaseOrderItemLineDetail:any
        SalesOrderItemLineDetail:any ItemReceiptLineDetail:any JournalEntryLineDetail:any GroupLineDetail:any
        SubTotalLineDetail:SubTotalLineDetail TDSLineDetail:any ItemAdjustmentLineDetail:any
        CustomField:CustomField* LineEx:any ProjectRef:ref CostAmount:money HomeCostAmount:money
        CustomExtensions:any*"""
    ),
    "SalesItemLineDetail": _fields(
        """ItemRef:ref ClassRef:ref UnitPrice:price UnitCostPrice:price RatePercent:number PriceLevelRef:ref
        MarkupInfo:any Qty:number UOMRef:any ItemAccountRef:ref InventorySiteRef:ref TaxCodeRef:ref
        TaxClassificationRef:ref ServiceDate:date TaxInclusiveAmt:money DiscountRate:number DiscountAmt:money
        DeferredRevenue:flag RetainageAmount:money SalesItemLineDetailEx:any"""
    ),
    "AccountBasedExpenseLineDetail": _fields(
        """CustomerRef:ref ClassRef:ref AccountRef:ref BillableStatus:Billable|NotBillable|HasBeenBilled MarkupInfo:any
        TaxAmount:money TaxCodeRef:ref TaxInclusiveAmt:money ExpenseDetailLineDetailEx:any"""
    ),
    "DepositLineDetail": _fields(
        """Entity:ref ClassRef:ref AccountRef:ref PaymentMethodRef:ref CheckNum:text<=21 TxnType:text TaxCodeRef:ref
        TaxApplicableOn:Sales|Purchase DepositLineDetailEx:any"""
    ),
    "DiscountLineDetail": _fields(
        """DiscountRef:ref PercentBased:flag DiscountPercent:number DiscountAccountRef:ref ServiceDate:date
        ClassRef:ref TaxCodeRef:ref DiscountLineDetailEx:any"""
    ),
    "DescriptionLineDetail": _fields("ServiceDate:date TaxCodeRef:ref DescriptionLineDetailEx:any"),
    "SubTotalLineDetail": _fields("ItemRef:ref ServiceDate:date"),
    "TaxLineDetail": _fields(
        """TaxRateRef:ref PercentBased:flag TaxPercent:number NetAmountTaxable:money TaxInclusiveAmount:money
        OverrideDeltaAmount:money ServiceDate:date TaxLineDetailEx:any"""
    ),
    "TxnTaxDetail": _fields(
        """DefaultTaxCodeRef:ref TxnTaxCodeRef:ref TotalTax:money TaxReviewStatus:text TaxLine:Line*
        UseAutomatedSalesTax:flag"""
    ),
    "LinkedTxn": _fields("TxnId:text TxnType:text TxnLineId:text"),
    "ReferenceType": _fields("value:text name:text type:text"),
    "Memo": _fields("value:text<=1000"),
    "PhysicalAddress": _fields(
        """Id:text Line1:text<=500 Line2:text<=500 Line3:text<=500 Line4:text<=500 Line5:text<=500 City:text<=255
        Country:text<=255 CountryCode:text County:text<=25 CountrySubDivisionCode:text<=255 PostalCode:text<=30
        PostalCodeSuffix:text Lat:text Long:text Tag:text Note:text"""
    ),
    "EmailAddress": _fields("Id:text Address:email<=100 Default:flag Tag:text"),
    "TelephoneNumber": _fields(
        """Id:text DeviceType:text CountryCode:text AreaCode:text ExchangeCode:text Extension:text
        FreeFormNumber:text<=30 Default:flag Tag:text"""
    ),
    "WebSiteAddress": _fields("Id:text URI:text<=1000 Default:flag Tag:text"),
    "CustomField": _fields(
        """DefinitionId:text Name:text Type:StringType|BooleanType|NumberType|DateType StringValue:text<=31
        BooleanValue:flag DateValue:date NumberValue:number"""
    ),
}
